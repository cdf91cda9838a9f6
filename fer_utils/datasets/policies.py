"""What happens to rows that cannot be used: they are dropped and counted, or refused."""

import warnings

from fer_utils.errors import FerError

DROP, ERROR = "drop", "error"


def settle(option, policy, found, says):
    """Warn that rows are dropped, with their number and an example, or refuse them.

    Args:
        option: the name of the option that sets the policy, for the message.
        policy: ``drop`` or ``error``.
        found: list of what cannot be used; nothing happens where it is empty.
        says: what is wrong, where, and how to mend it, a text with ``{n}`` and ``{example}``.

    Raises:
        FerError: the policy is ``error`` and something was found, or there is no such policy.
    """
    if policy not in (DROP, ERROR):
        raise FerError(f"{option} is {policy!r}: write {DROP!r} or {ERROR!r}")
    if not found:
        return
    # Not str.format: a path may hold braces.
    text = says.replace("{n}", f"{len(found):,}").replace("{example}", str(found[0]))
    if policy == ERROR:
        raise FerError(f'{text}; or give {option}="{DROP}"')
    warnings.warn(f"{text}; they are left out", stacklevel=3)
