"""Uploads a submission, waits for its score, and writes that into the ledger.

The description that Kaggle shows ends with a mark, the hash of the file: by it a repeated call
finds what an earlier one has sent, and does not send it twice.
"""

import time
from pathlib import Path

from fer_utils import paths, submission
from fer_utils.errors import FerError
from fer_utils.submission import ledger

_LOOK = 5  # seconds between two questions for the score
_PAGE, _PAGES = 50, 10  # of earlier submissions that are looked through


def check(file):
    """Check a file; return it as a Path and its mark.

    Raises:
        FerError: it is no submission of all rows, with the line that is wrong.
    """
    file = Path(file)
    submission.check_fer2013(file, submission.TEST_ROWS)
    return file, f"[{ledger.mark(file)}]"


def submit(client, file, message, book, again=False, patience=600, say=print):
    """Submit a file; return the public score.

    The private score, which Kaggle gives too, is neither shown nor kept: it is for the end.

    Args:
        client: the Client.
        file: path of the submission.
        message: what Kaggle shows beside it.
        book: path of the ledger.
        again: send it though it was sent before; one that still waits for its score counts.
        patience: seconds to wait for the score.
        say: takes lines of text.

    Returns:
        str, the score as Kaggle gave it.

    Raises:
        FerError: the file is no submission, Kaggle refuses it, or gives no score in time; the
            same call then goes on.
    """
    file, mark = check(file)
    ledger.read_ledger(book)  # a damaged one stops here, not after the upload
    sent = _sent(client, mark)
    found = next((item for item in sent if not again or _waits(item)), None)
    before = {item.ref for item in sent if again and item is not found}
    if found:
        say(f"{file.name} was sent before, on {found.date:%Y-%m-%d}: its score follows")
    else:
        _send(client, file, f"{message} {mark}".strip())
        say(f"{file.name} is sent")
    score = _score(client, mark, before, patience)
    ledger.note_score(book, file, score)
    say(f"public score {score}, now in {book}")
    return score


def _send(client, file, description):
    what = f"the submission {file.name}"
    client.tell(
        what,
        client.api.competition_submit,
        str(file),
        description,
        paths.COMPETITION,
        quiet=True,
    )


def _sent(client, mark):
    """Return what was sent of a file, latest first."""
    found = []
    for page in range(1, _PAGES + 1):
        items = client.ask(
            "the list of submissions",
            client.api.competition_submissions,
            paths.COMPETITION,
            page_number=page,
            page_size=_PAGE,
        )
        found += [item for item in items or [] if mark in item.description]
        if not items or len(items) < _PAGE:
            break
    return found


def _waits(item):
    return item.status.name.lower() == "pending"


def _score(client, mark, before, patience):
    end = time.monotonic() + patience
    while True:
        found = [item for item in _sent(client, mark) if item.ref not in before]
        state = found[0].status.name.lower() if found else "not listed yet"
        if state == "error":
            words = client.clean(found[0].error_description) or "without a reason"
            raise FerError(f"Kaggle rejects the submission: {words}: mend the file, then --again")
        if found and state == "complete" and found[0].public_score:
            return found[0].public_score
        if time.monotonic() > end:
            raise FerError(
                f"no score yet ({state}): run the same command again, without --again, in some "
                "minutes: it does not send the file twice"
            )
        time.sleep(_LOOK)
