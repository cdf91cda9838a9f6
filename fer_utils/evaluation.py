"""Scores with their standard error; the withheld labels are read here and nowhere else."""

import math

import numpy as np

from fer_utils import datasets
from fer_utils.errors import FerError


def score(labels, probabilities):
    """Return the scores of predictions whose labels are known.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.

    Returns:
        dict of floats: ``accuracy``, ``standard_error`` (of the accuracy, binomial),
        ``macro_f1`` (over the classes that occur) and ``n``.

    Raises:
        FerError: there are no rows, lengths differ, a label is unknown, or a probability NaN.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    _check(labels, probabilities)
    share = accuracy(labels, probabilities)
    return {
        "accuracy": share,
        "standard_error": math.sqrt(share * (1 - share) / len(labels)),
        "macro_f1": macro_f1(labels, probabilities),
        "n": len(labels),
    }


def accuracy(labels, probabilities):
    """Return the share of rows whose most probable class is the label.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
    """
    return float((np.asarray(probabilities).argmax(axis=1) == np.asarray(labels)).mean())


def macro_f1(labels, probabilities, among=None):
    """Return the mean F1 of the classes that occur: it counts rare ones as much as common ones.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        among: ints, the classes to take the mean of, all rows counted; None for all.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    classes, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    given = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[predicted == labels], minlength=classes)
    f1 = 2 * right / np.maximum(given + np.bincount(predicted, minlength=classes), 1)
    wanted = given > 0 if among is None else (given > 0) & np.isin(np.arange(classes), among)
    return float(f1[wanted].mean())


def bootstrap(labels, probabilities, metric, groups=None, draws=1000, seed=0):
    """Return a score's values on resampled rows; their standard deviation is its error.

    Rows are drawn with replacement, as many as there are. Rows of one person are no
    independent examples: with ``groups``, whole groups are drawn. One seed draws the same rows
    for every model, so the difference of two models' values is a paired one.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        metric: function ``(labels, probabilities)`` that returns a float, as ``macro_f1``.
        groups: int ``(n,)``, what is drawn as a whole; None to draw single rows.
        draws: int.
        seed: int.

    Returns:
        float ``(draws,)``; NaN where the metric is not defined on what was drawn.

    Raises:
        FerError: as ``score``; groups of another length.

    Example:
        >>> values = bootstrap(labels, probabilities, macro_f1, groups=persons)
        >>> values.std(), np.quantile(values, [0.025, 0.975])
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    _check(labels, probabilities)
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if len(groups) != len(labels):
        raise FerError(f"{len(labels)} labels, but {len(groups)} groups")
    kinds, member = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    values = np.empty(draws)
    for i in range(draws):
        times = np.bincount(rng.integers(len(kinds), size=len(kinds)), minlength=len(kinds))
        rows = np.repeat(np.arange(len(labels)), times[member])
        values[i] = metric(labels[rows], probabilities[rows])
    return values


def compare(labels, answers, groups=None):
    """Return the accuracies of models on the same rows, and what each gains over the first.

    Errors are bootstrapped, see ``bootstrap``; a gain's is that of the paired difference.

    Args:
        labels: int ``(n,)``, none below 0.
        answers: dict of name to probabilities, float ``(n, classes)``.
        groups: int ``(n,)``, for example persons; None for single rows.

    Returns:
        DataFrame, a row a model: ``accuracy``, ``error``, ``gain``, ``gain_error``, ``n``.
    """
    import pandas as pd

    shares = pd.Series({name: accuracy(labels, p) for name, p in answers.items()})
    drawn = pd.DataFrame(
        {name: bootstrap(labels, p, accuracy, groups) for name, p in answers.items()}
    )
    gains = drawn.sub(drawn.iloc[:, 0], axis=0)
    columns = {"accuracy": shares, "error": drawn.std(), "gain": shares - shares.iloc[0]}
    return pd.DataFrame({**columns, "gain_error": gains.std(), "n": len(labels)})


def _check(labels, probabilities):
    if len(labels) == 0:
        raise FerError("nothing to score: there are no rows")
    if len(labels) != len(probabilities):
        raise FerError(f"{len(labels)} labels, but {len(probabilities)} rows of probabilities")
    if (labels < 0).any():
        raise FerError(f"{(labels < 0).sum()} of {len(labels)} labels are unknown or withheld")
    if np.isnan(probabilities).any():
        row = int(np.flatnonzero(np.isnan(probabilities).any(axis=1))[0])
        raise FerError(f"row {row}: a probability is NaN; was the training stable?")


def check_claims(claims, strict):
    """Return which of a notebook's claims hold on the data at hand.

    The claims are written for the committed run and for the whole of FER2013; a few hundred
    other images may not bear them out, which is a result, not a failure.

    Args:
        claims: dict of sentence to bool.
        strict: whether a claim that does not hold is an error, as in the committed run.

    Returns:
        Series of ``yes`` or ``no``, index the sentences.

    Raises:
        AssertionError: a claim does not hold, and ``strict``.
    """
    import pandas as pd

    broken = [sentence for sentence, holds in claims.items() if not holds]
    if strict and broken:
        raise AssertionError(f"does not hold: {'; '.join(broken)}")
    verdicts = {sentence: "yes" if holds else "no" for sentence, holds in claims.items()}
    return pd.Series(verdicts, name="holds here")


def answer_shares(predictions):
    """Return float ``(classes,)``: the share of the rows that each class is the answer to."""
    probabilities = predictions["probabilities"]
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    return counts / len(probabilities)


def recall(labels, probabilities, classes):
    """Return the recall of each class, 0-1, as a Series; NaN where a class does not occur."""
    import pandas as pd

    labels, predicted = np.asarray(labels), np.asarray(probabilities).argmax(axis=1)
    found = pd.Series(predicted == labels).groupby(labels).mean()
    return found.reindex(range(len(classes))).set_axis(classes)


def of_class(labels, probabilities, label):
    """Return how well one class is found.

    Args:
        labels: int ``(n,)``.
        probabilities: float ``(n, classes)``.
        label: int.

    Returns:
        dict: ``recall``, ``recall_error`` (binomial, of one more row found and one more missed,
        so that none found of a few is no certain zero), ``precision`` (NaN where the class is
        never answered), ``rows`` (how many are of the class).

    Raises:
        FerError: the class does not occur.
    """
    labels, predicted = np.asarray(labels), np.asarray(probabilities).argmax(axis=1)
    n, answered = int((labels == label).sum()), int((predicted == label).sum())
    if not n:
        raise FerError(f"no row has label {label}: it has no recall")
    found = int(((labels == label) & (predicted == label)).sum())
    guarded = (found + 1) / (n + 2)
    return {
        "recall": found / n,
        "recall_error": math.sqrt(guarded * (1 - guarded) / (n + 2)),
        "precision": found / answered if answered else math.nan,
        "rows": n,
    }


def twins_in_train(dataset):
    """Return bool ``(n,)``: the row's pixels are those of a Training row (not for these).

    A network that has fitted Training gets such rows nearly for nothing (8% of FER2013's
    test halves), so every score is also given without them.
    """
    pixels = datasets.group_identical(dataset.images)
    train = dataset.split == "train"
    return np.isin(pixels, pixels[train]) & ~train


def evaluate(dataset, predictions):
    """Return the scores of a model on the predicted rows whose labels are known.

    Args:
        dataset: the Dataset that was predicted.
        predictions: dict with ``index``, ``split`` and ``probabilities``.

    Returns:
        Flat dict such as ``{"scored_on": "valid", "accuracy": 0.61, "standard_error": 0.008,
        "macro_f1": 0.55, "n": 3589, "accuracy_without_twins": 0.60}``. ``scored_on`` is
        ``valid`` (PublicTest), or ``train`` for rows of Training that were held out because
        PublicTest has no labels. Empty where no labels are known.
    """
    known = dataset.labels[predictions["index"]] >= 0
    for split in ("valid", "train"):
        rows = known & (predictions["split"] == split)
        if rows.any():
            return {"scored_on": split, **_scores(dataset, dataset.labels, predictions, rows)}
    return {}


def evaluate_final(dataset, root, predictions, **options):
    """Return the scores on the test rows. This is the last number: choose nothing by it.

    Args:
        dataset: the Dataset that was predicted.
        root: where its files are; None for synthetic faces.
        predictions: dict with ``index``, ``split`` and ``probabilities``.
        **options: as given to ``datasets.load``.

    Returns:
        Flat dict as from ``evaluate``, ``scored_on`` is ``test``.

    Raises:
        FerError: the source has no labels for its test rows, or none is predicted.
    """
    labels = dataset.labels.copy()
    labels[dataset.rows("test")] = datasets.private_labels(dataset, root, **options)
    rows = predictions["split"] == "test"
    return {"scored_on": "test", **_scores(dataset, labels, predictions, rows)}


def _scores(dataset, labels, predictions, rows):
    """Return the scores of some of the predictions, with and without twins."""
    index, probabilities = predictions["index"], predictions["probabilities"]
    scores = score(labels[index[rows]], probabilities[rows])
    alone = rows & ~twins_in_train(dataset)[index]
    if alone.any():
        without = score(labels[index[alone]], probabilities[alone])
        scores["accuracy_without_twins"] = without["accuracy"]
    return scores
