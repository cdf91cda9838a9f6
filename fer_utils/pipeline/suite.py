"""The table of notebooks: which there are, and what each of them needs."""

import dataclasses
import graphlib
import importlib.util

from fer_utils.errors import FerError


@dataclasses.dataclass(frozen=True)
class Notebook:
    """One notebook of the suite.

    Args:
        name: file name without ``.ipynb``.
        needs: names of the notebooks whose files this one reads.
        uses: names of those whose files it shows where they are there; it runs without them.
        libraries: modules that no other notebook imports and a machine may lack.
    """

    name: str
    needs: tuple = ()
    uses: tuple = ()
    libraries: tuple = ()

    def lacking(self):
        """Return the first of its libraries that is not installed, or None; imports nothing."""
        missing = (name for name in self.libraries if importlib.util.find_spec(name) is None)
        return next(missing, None)


_VERSIONS = (
    "05_model_v1_first_cnns",
    "06_model_v2_narrowing_kernels",
    "07_model_v3_happy_or_sad",
    "08_model_v4_searched_cnn",
    "09_model_v5_five_layers",
    "10_model_v6_vgg_transfer",
    "11_model_v7_residual_and_mobile_transfer",
    "12_model_v8_modern_recipe",
)
_LIBRARIES = {"08_model_v4_searched_cnn": ("mtcnn", "lz4", "skimage")}


SUITE = (
    Notebook("01_explore_data"),
    Notebook("02_balance_classes", libraries=("imblearn",)),
    Notebook("03_augment_images"),
    Notebook("04_crop_faces", libraries=("mtcnn", "lz4")),
    *(
        Notebook(name, uses=_VERSIONS[:i], libraries=_LIBRARIES.get(name, ()))
        for i, name in enumerate(_VERSIONS)
    ),
    Notebook("13_search_hyperparameters", libraries=("optuna",)),
    Notebook("14_recognise_sequences"),
    Notebook(
        "15_analyse_errors",
        needs=(_VERSIONS[0], _VERSIONS[-1]),
        uses=_VERSIONS[1:-1],
    ),
    Notebook("16_explain_predictions", needs=_VERSIONS[-1:], libraries=("saliency", "skimage")),
    Notebook("17_ensemble", needs=_VERSIONS[-1:], uses=_VERSIONS[:-1]),
    Notebook("18_write_submission", needs=_VERSIONS[-1:], uses=(*_VERSIONS[:-1], "17_ensemble")),
    Notebook("19_predict_photos", uses=_VERSIONS[-1:]),
)


def ordered(suite):
    """Return the notebooks such that each comes after what it needs, else as in the table.

    Raises:
        FerError: a notebook needs one that the table lacks, or two need each other.
    """
    place = {notebook.name: i for i, notebook in enumerate(suite)}
    for notebook in suite:
        for need in notebook.needs:
            if need not in place:
                raise FerError(f"{notebook.name} needs {need}, which is not in the suite")
    try:
        return [suite[i] for i in _sorted_places(suite, place)]
    except graphlib.CycleError as error:
        raise FerError(f"notebooks need each other: {' -> '.join(error.args[1])}") from error


def _sorted_places(suite, place):
    sorter = graphlib.TopologicalSorter({notebook.name: notebook.needs for notebook in suite})
    sorter.prepare()
    ready = []
    while sorter.is_active():
        ready = sorted([*ready, *(place[name] for name in sorter.get_ready())])
        yield ready[0]
        sorter.done(suite[ready.pop(0)].name)


def named(suite, text):
    """Return the notebook that ``text`` means: its name, its number, or how its name begins.

    Raises:
        FerError: no notebook, or more than one, is called so.
    """
    text = text.rsplit("/", 1)[-1].removesuffix(".ipynb")
    if text.isdigit():
        text = text.zfill(2)
    found = [n for n in suite if n.name == text] or [n for n in suite if n.name.startswith(text)]
    if text and len(found) == 1:
        return found[0]
    which = ", ".join(notebook.name for notebook in (found if text and found else suite))
    problem = "more than one notebook begins with" if text and found else "there is no notebook"
    raise FerError(f"{problem} {text!r}: choose from {which}")


def with_needs(suite, names):
    """Return the set of ``names`` and of everything they need, directly or not."""
    by_name = {notebook.name: notebook for notebook in suite}
    found, todo = set(), list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += by_name[name].needs
    return found
