"""Kaggle: sends the suite there, fetches what it made, submits.

``push`` builds the ``bundle`` (the package, the notebooks, small libraries), uploads it as a data
set and starts a kernel on it. There ``kaggle/driver.py`` installs the package and hands over to
``session``, which takes up what the kernel before made (``restoring``) and runs the suite within
its time. ``pull`` brings back what ran, ``submit`` uploads a submission and notes its score.
``client`` speaks to Kaggle; the command line is ``commands.kaggle``.
"""

DATASET = "fer-utils-package"  # the data set's name, below its owner's
KERNEL = "fer-utils-suite"  # the kernel's
BUNDLE = "fer_utils_bundle.json"  # marks the data set, wherever it is mounted
RECORD = "kaggle_run.json"  # what a kernel did, at the top of its output
