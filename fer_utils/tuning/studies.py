"""Open a study: begun, or found again as it was left."""

from collections.abc import Mapping
from pathlib import Path

import optuna

from fer_utils.errors import FerError
from fer_utils.training.log import log
from fer_utils.tuning import sampling
from fer_utils.tuning.storage import database_errors, storage

_ATTRIBUTE = "identity"


def open_study(
    place: str | Path | None,
    name: str,
    identity: Mapping[str, str | float] | None = None,
    *,
    sampler: str = "tpe",
    pruner: str = "halving",
    seed: int = 0,
    startup: int = 10,
    first: int = 1,
    anew: bool = False,
) -> optuna.Study:
    """Return the study of this name, begun now or found where an earlier call left it.

    Several processes may open it at once, each with the same arguments. In one process the
    same seed gives the same proposals.

    Args:
        place: path of a file that processes of one machine share (several studies fit into
            one); a database URL, ``postgresql://user@host/name``, that machines share; or None
            for memory.
        name: the study's name.
        identity: dict of strings and numbers that must not change within a study, see
            ``Objective.identity``.
        sampler: ``tpe``, or ``random`` as seed 002 had it.
        pruner: ``halving``, ``median`` or ``none``, see ``sampling.pruner``.
        seed: int, of the proposals.
        startup: int, trials that TPE draws at random before it goes by them.
        first: int, the first epoch at which a trial may be ended.
        anew: whether a study of this name but another identity is deleted and begun anew,
            which a line says. Not for a place that others share: their trials go too.

    Returns:
        ``optuna.Study``, to be maximised.

    Raises:
        FerError: the place is locked, damaged or not to be written; the study is of another
            identity; no such sampler or pruner.

    Example:
        >>> study = open_study("runs/search.journal", "tpe", objective.identity)
        >>> table = search(study, objective, trials=50)
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # ``search`` says a line a trial itself
    options = {
        "study_name": name,
        "sampler": sampling.sampler(sampler, seed, startup),
        "pruner": sampling.pruner(pruner, first),
        "storage": None if place is None else storage(place),
    }
    told = {"sampler": sampler, "pruner": pruner, "seed": seed, "startup": startup, "first": first}
    with database_errors():
        study = _created(options)
        return _identified(study, {**(identity or {}), **told}, options, anew)


def _created(options):
    known, name = options["storage"], options["study_name"]
    # Creating what is there adds a line to a journal, which then looks changed.
    if known is not None and name in optuna.get_all_study_names(storage=known):
        return optuna.load_study(**options)
    return optuna.create_study(direction="maximize", load_if_exists=True, **options)


def _identified(study, identity, options, anew):
    """Return the study if it is of this identity, or has none yet."""
    before = study.user_attrs.get(_ATTRIBUTE)
    if before is None:
        study.set_user_attr(_ATTRIBUTE, identity)
        return study
    changed = _changed(before, identity)
    if not changed:
        return study
    if not anew:
        raise FerError(
            f"the study {study.study_name!r} was begun with another {changed}: "
            "give it another name, or delete it"
        )
    count = len(study.get_trials(deepcopy=False))
    log(
        f"deletes the study {study.study_name!r} with its {count} trials and begins it anew: "
        f"it was begun with another {changed}"
    )
    optuna.delete_study(study_name=study.study_name, storage=study._storage)
    return _identified(_created(options), identity, options, anew)


def _changed(before, now):
    """Return in words what differs between two identities; nothing where they are the same."""
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return ", ".join(f"{key} {before.get(key)} -> {now.get(key)}" for key in keys)
