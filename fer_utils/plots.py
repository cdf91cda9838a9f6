"""Every figure of the suite. Each takes the axes to draw on and returns what it drew on."""

import numpy as np

INK = "#1b4965"  # one colour for one series
ACCENT = "#c8553d"  # what the text speaks of


def class_shares(dataset, ax=None):
    """Draw the share of each class in each split whose labels are known, as bars.

    Args:
        dataset: a Dataset.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    import pandas as pd
    import seaborn as sns

    known = dataset.labels >= 0
    table = pd.DataFrame(
        {
            "class": np.array(dataset.classes)[dataset.labels[known]],
            "split": dataset.split[known],
        }
    )
    ax = ax or _axes(8, 3)
    present = [split for split in ("train", "valid", "test") if split in set(table["split"])]
    shares = table.groupby("split")["class"].value_counts(normalize=True).reset_index()
    sns.barplot(
        shares,
        x="class",
        y="proportion",
        hue="split",
        ax=ax,
        order=dataset.classes,
        hue_order=present,
        palette=[INK, "#9cc5d6", ACCENT][: len(present)],
    )
    ax.set(xlabel="", ylabel="share of the split", title="Classes are far from balanced")
    ax.axhline(1 / len(dataset.classes), color="0.4", linewidth=0.8, linestyle="--")
    return ax


def faces(images, titles=None, columns=8, width=9.0, axes=None):
    """Draw images in a grid.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, 3)``.
        titles: n strings, or None.
        columns: images a row.
        width: of the figure, in inches.
        axes: array of at least n axes; None for a new figure.

    Returns:
        The array of axes.
    """
    rows = max(1, -(-len(images) // columns))
    if axes is None:
        cell = width / columns
        axes = _grid(rows, columns, (width, rows * cell * (1.15 if titles is not None else 1)))
    for i, ax in enumerate(np.ravel(axes)):
        ax.set_axis_off()
        if i < len(images):
            ax.imshow(images[i], cmap="gray", vmin=0, vmax=255)
            if titles is not None:
                ax.set_title(titles[i], fontsize=8, pad=2)
    return axes


def sample_faces(dataset, rows, per_class=8, seed=0, axes=None):
    """Draw a row of randomly drawn images for each class.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, the rows to draw from.
        per_class: images a class.
        seed: of the draw.
        axes: array of axes ``(classes, per_class)``; None for a new figure.

    Returns:
        The array of axes.
    """
    rng = np.random.default_rng(seed)
    n = len(dataset.classes)
    if axes is None:
        axes = _grid(n, per_class, (per_class * 0.9 + 0.8, n * 0.9))
    for label, line in enumerate(axes):
        pool = rows[dataset.labels[rows] == label]
        drawn = rng.permutation(pool)[:per_class]
        faces(dataset.images[drawn], axes=line)
        line[0].text(
            -0.15,
            0.5,
            dataset.classes[label],
            transform=line[0].transAxes,
            ha="right",
            va="center",
        )
    return axes


def mean_faces(dataset, rows, axes=None):
    """Draw the mean image of each class and what sets it apart from the mean of all.

    Returns:
        The array of axes: means above, differences below (red is brighter, blue darker).
    """
    classes = dataset.classes
    axes = _grid(2, len(classes), (9, 2.9)) if axes is None else axes
    overall = dataset.images[rows].mean(axis=0)
    for label, (top, bottom) in enumerate(axes.T):
        mean = dataset.images[rows[dataset.labels[rows] == label]].mean(axis=0)
        top.imshow(mean, cmap="gray")
        top.set_title(classes[label], fontsize=9)
        bottom.imshow(mean - overall, cmap="RdBu_r", vmin=-20, vmax=20)
        top.set_axis_off()
        bottom.set_axis_off()
    return axes


def brightness_contrast(dataset, rows, ax=None):
    """Draw each image's mean grey value against its standard deviation, coloured by density."""
    ax = ax or _axes(5, 3.6)
    pixels = dataset.images[rows].reshape(len(rows), -1)
    shown = ax.hexbin(
        pixels.mean(axis=1), pixels.std(axis=1), gridsize=40, mincnt=1, cmap="viridis"
    )
    ax.set(xlabel="brightness (mean grey, 0-255)", ylabel="contrast (standard deviation)")
    ax.figure.colorbar(shown, ax=ax, label="images")
    ax.set_title("Light differs more between photographs than expressions do")
    return ax


def embedding(points, values, names=None, title="", ax=None):
    """Draw points of the plane, coloured by class or by a number.

    Args:
        points: float ``(n, 2)``.
        values: int ``(n,)`` labels where ``names`` are given, else float ``(n,)``.
        names: tuple of class names, or None.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    import seaborn as sns

    ax = ax or _axes(5, 4)
    if names is None:
        shown = ax.scatter(*points.T, c=values, s=6, cmap="viridis")
        ax.figure.colorbar(shown, ax=ax, label="brightness")
    else:
        named = np.array(names)[values]
        sns.scatterplot(
            x=points[:, 0], y=points[:, 1], hue=named, hue_order=names, s=10, linewidth=0, ax=ax
        )
        ax.legend(fontsize=7, markerscale=1.5, loc="best", framealpha=0.8)
    ax.set(xticks=[], yticks=[], title=title)
    return ax


def learning_curves(histories, column="accuracy", ax=None):
    """Draw one column of several training histories, fitted rows thin, watched rows thick.

    Args:
        histories: dict of name to DataFrame with ``epoch``, ``column`` and ``val_column``.
        column: ``accuracy`` or ``loss``.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or _axes(6.5, 3.4)
    for name, history in histories.items():
        line = ax.plot(history["epoch"], history[f"val_{column}"], linewidth=2, label=name)[0]
        ax.plot(
            history["epoch"], history[column], linewidth=0.8, linestyle=":", color=line.get_color()
        )
    ax.set(xlabel="epoch", ylabel=column, title="solid: watched images, dotted: fitted images")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(fontsize=8)
    ax.grid(alpha=0.25)
    return ax


def predicted_shares(shares, ax=None):
    """Draw which classes models answer with, one stacked bar a model.

    Args:
        shares: DataFrame, a row a model, a column a class, rows sum to 1.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or _axes(7, 0.45 * len(shares) + 1.2)
    shares.iloc[::-1].plot.barh(stacked=True, ax=ax, width=0.75, colormap="Set2")
    ax.set(xlabel="share of the answers", xlim=(0, 1), ylabel="")
    ax.legend(fontsize=8, ncols=len(shares.columns), loc="lower center", bbox_to_anchor=(0.5, 1))
    return ax


def per_class(scores, title="", ax=None):
    """Draw a number for each class as horizontal bars, largest on top.

    Args:
        scores: Series, index the class names, values 0-1.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or _axes(5, 2.8)
    scores = scores.sort_values()
    bars = ax.barh(scores.index, scores.values, color=INK)
    ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    ax.set(xlim=(0, 1.08), title=title)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _axes(width, height):
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _grid(rows, columns, size):
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, figsize=size, dpi=72, squeeze=False, layout="constrained")[
        1
    ]
