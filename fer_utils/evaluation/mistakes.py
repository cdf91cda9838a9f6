"""What a model takes for what: confusions, its surest mistakes, who else says so, which rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.measures import check_names
from fer_utils.evaluation.scores import check, checked

if TYPE_CHECKING:
    import pandas as pd


def confusion(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Return how many rows of each class were taken for each.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        classes: tuple of class names.

    Returns:
        DataFrame of int, a row a label, a column an answer.

    Raises:
        FerError: as ``score``; another number of classes than columns.
    """
    import pandas as pd
    from sklearn import metrics

    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    check(labels, probabilities)
    check_names(probabilities, classes)
    counts = metrics.confusion_matrix(
        labels, probabilities.argmax(axis=1), labels=range(len(classes))
    )
    index, columns = (pd.Index(classes, name=name) for name in ("label", "answer"))
    return pd.DataFrame(counts, index, columns)


def largest_confusions(counts: pd.DataFrame, n: int = 5) -> pd.DataFrame:
    """Return the largest cells of a confusion off its diagonal.

    Args:
        counts: DataFrame of ``confusion``.
        n: int, how many at most.

    Returns:
        DataFrame, most rows first: ``label``, ``answer``, ``rows``, ``share`` (of the label's
        rows) and ``of mistakes`` (share of all mistakes).
    """
    cells = counts.stack().rename("rows").reset_index()
    cells = cells[(cells["label"] != cells["answer"]) & (cells["rows"] > 0)]
    share = cells["rows"] / cells["label"].map(counts.sum(axis=1)).astype(float)
    of_mistakes = cells["rows"] / cells["rows"].sum()
    table = cells.assign(**{"share": share, "of mistakes": of_mistakes})
    table = table.sort_values("rows", ascending=False, kind="stable")
    return table.head(n).reset_index(drop=True)


def surest_mistakes(
    labels: np.ndarray, probabilities: np.ndarray, n: int | None = None
) -> np.ndarray:
    """Return the places of the wrong answers, the surest first.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        n: int, how many at most; None for all.

    Returns:
        int64, places in the arrays.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    check(labels, probabilities)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:n]


def doubted(labels: np.ndarray, probabilities: np.ndarray, n: int | None = None) -> np.ndarray:
    """Return the places of the labels that a model believes least, the least first.

    The model must not have fitted these rows: out-of-fold answers of cross-validation, or rows
    that were held out. It is the self-confidence of confident learning (Northcutt et al. 2021,
    https://arxiv.org/abs/1911.00068).

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``, rows that sum to 1.
        n: int, how many at most; None for all.

    Returns:
        int64, places in the arrays.
    """
    labels, probabilities = checked(labels, probabilities)
    believed = probabilities[np.arange(len(labels)), labels]
    return np.argsort(believed, kind="stable")[:n]


def second_opinion(
    labels: np.ndarray, probabilities: np.ndarray, opinion: np.ndarray
) -> dict[str, float]:
    """Return whom another opinion sides with where a model and the labels differ.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        opinion: int ``(n,)``, another label of each row, such as FER+'s majority; -1 for none.

    Returns:
        dict: ``mistakes`` (rows with an opinion whose answer is not the label), of these the
        shares ``with the model``, ``with the label`` and ``with neither`` (NaN where there are no
        mistakes); ``labels confirmed``, the share of all rows with an opinion that equals the
        label.

    Raises:
        FerError: as ``score``; opinions of another length, or none at all.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    opinion = np.asarray(opinion)
    check(labels, probabilities)
    if len(opinion) != len(labels):
        raise FerError(f"{len(labels)} labels, but {len(opinion)} opinions: give one a row")
    has = opinion >= 0
    if not has.any():
        raise FerError("no row has a second opinion: all are -1")
    answers = probabilities.argmax(axis=1)
    wrong = has & (answers != labels)
    sides = {
        "with the model": opinion == answers,
        "with the label": opinion == labels,
        "with neither": (opinion != answers) & (opinion != labels),
    }
    shares = {name: float(sided[wrong].mean()) if wrong.any() else np.nan
              for name, sided in sides.items()}  # fmt: skip
    confirmed = float((opinion == labels)[has].mean())
    return {"mistakes": int(wrong.sum()), **shares, "labels confirmed": confirmed}


def by_part(
    labels: np.ndarray,
    probabilities: np.ndarray,
    part: pd.Series | Sequence[Hashable] | np.ndarray,
) -> pd.DataFrame:
    """Return the accuracy of each part of the rows, such as dark, middling and bright ones.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        part: ``(n,)``, what part each row is of: names, numbers, or a Categorical, whose order
            is kept. They go by their place; a Series' index does not matter.

    Returns:
        DataFrame, a row a part that occurs: ``accuracy``, ``error`` (binomial, of one more right
        and one more wrong) and ``rows``.

    Raises:
        FerError: as ``score``; parts of another length; a row without a part.
    """
    import pandas as pd

    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    check(labels, probabilities)
    if len(part) != len(labels):
        raise FerError(f"{len(labels)} labels, but {len(part)} rows have a part")
    part = pd.Series(part).reset_index(drop=True)
    if part.isna().any():
        raise FerError(
            f"{part.isna().sum()} of {len(part)} rows have no part, first row "
            f"{part.isna().argmax()}: leave them out, or name their part"
        )
    right = pd.Series(probabilities.argmax(axis=1) == labels).groupby(part, observed=True)
    table = right.agg(["mean", "sum", "size"])
    guarded = (table["sum"] + 1) / (table["size"] + 2)
    error = np.sqrt(guarded * (1 - guarded) / (table["size"] + 2))
    return pd.DataFrame({"accuracy": table["mean"], "error": error, "rows": table["size"]})


def thirds(values: np.ndarray, names: Sequence[str] = ("low", "middle", "high")) -> pd.Series:
    """Return in which third of the values each lies, ties by their place.

    Args:
        values: float ``(n,)``.
        names: three strings, of the lowest third first.

    Returns:
        Series of ordered categories ``(n,)``, parts for ``by_part``.

    Raises:
        FerError: fewer values than three, or NaN.
    """
    import pandas as pd

    column = pd.Series(np.asarray(values))
    if len(column) < 3 or column.isna().any():
        problem = f"{column.isna().sum()} are NaN" if len(column) >= 3 else "give three or more"
        raise FerError(f"{len(column)} values cannot be parted into thirds: {problem}")
    return pd.qcut(column.rank(method="first"), 3, labels=list(names))


def by_look(images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """Return the accuracy on dark and bright, flat and rich, blurred and sharp images.

    Args:
        images: uint8 ``(n, height, width)`` or with channels behind.
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.

    Returns:
        DataFrame as of ``by_part``, a row for each third of the images, such as ``brightness,
        low``: by ``brightness`` (mean value), ``contrast`` (standard deviation) and ``sharpness``
        (mean difference of neighbours in a row).

    Raises:
        FerError: as ``by_part``; fewer images than three.
    """
    import pandas as pd

    images = np.asarray(images, np.float32)  # differences of uint8 wrap around
    flat = images.reshape(len(images), -1)
    steps = np.abs(np.diff(images, axis=2)).reshape(len(images), -1)
    looks = {
        "brightness": flat.mean(axis=1),
        "contrast": flat.std(axis=1),
        "sharpness": steps.mean(axis=1),
    }
    tables = []
    for name, values in looks.items():
        third = thirds(values, [f"{name}, {level}" for level in ("low", "middle", "high")])
        tables.append(by_part(labels, probabilities, third))
    return pd.concat([table.rename(index=str) for table in tables])
