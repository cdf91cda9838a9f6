"""The table that a run ends with, in plain text."""

_HEAD = ("", "network", "weights", "epochs", "seconds", "accuracy", "without twins")
_VIEWS = ("of ten views", "without twins")


def table(metrics):
    """Return the lines of the table.

    Args:
        metrics: list of flat dicts from ``compete``.
    """
    rows = [_HEAD + _VIEWS, *(_row(one) for one in metrics)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(one):
    mean = "+" in one["network"]  # of members: it is of views alone
    shown = _scores(one, "")
    views = _scores(one, "views_")
    scores = (("", "") + shown) if mean else shown + views
    return (
        one["model"],
        "mean of the members" if mean else one["network"],
        f"{one['parameters']:,}",
        str(one["epochs"]),
        f"{one['train_seconds']:.0f}",
        *scores,
    )


def _scores(one, prefix):
    if f"{prefix}accuracy" not in one:
        return "", ""
    accuracy, error, alone = (
        one[f"{prefix}{name}"] for name in ("accuracy", "standard_error", "accuracy_without_twins")
    )
    return f"{accuracy:.3f} ± {error:.3f}", f"{alone:.3f}"
