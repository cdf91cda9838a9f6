"""One unattended command: members, their ensemble, distilled networks, submissions, in a budget.

``python -m fer_utils.compete DATA --budget 25m``. It needs NumPy, pandas, Pillow, Keras and one
backend alone (where PublicTest has no labels scikit-learn too, to hold out a tenth of Training).
"""

from fer_utils.compete.budget import Clock, parse_budget
from fer_utils.compete.plan import Job, epochs_for, jobs_for
from fer_utils.compete.run import compete

__all__ = ["Clock", "Job", "compete", "epochs_for", "jobs_for", "parse_budget"]
