"""How long v8's recipe trains until PublicTest is answered as the winner of 2013 answered it.

Usage: python benchmarks/time_to_accuracy.py FER2013 [EPOCHS] [ACCURACY] [NETWORK]

FER2013 is a folder with the data; EPOCHS (default 40) is how long the rate takes to fall to zero,
ACCURACY (0.712, of the contest of 2013) what is to be reached by the weights that would be kept,
watched after each epoch; the first epoch that reaches it may do so by chance, so what the last
one has stands beside it. Seconds count from the first step; what the first epoch takes longer
than the others, to compile, is said apart. The fit is kept in runs/time_to_accuracy: a second
call with the same arguments prints it again.
"""

import sys

from fer_utils import backend, datasets, paths, settings, training
from fer_utils.compete.plan import recipe_for


def main():
    """Fit, and print when the accuracy was reached."""
    data, *given = sys.argv[1:]
    epochs, wanted, network = (*given, *("40", "0.712", "vgg_gap")[len(given) :])
    where = backend.start()
    place = settings.resolve(data, "auto", paths.output_root() / "runs" / "time_to_accuracy")
    recipe = recipe_for(network, place.profile, int(epochs))
    key = f"{network}-{epochs}"
    fit = training.fit_or_restore(network, datasets.load("fer2013", data), place, recipe, key)
    seconds, watched = fit.history["seconds"], fit.history["val_accuracy"]
    compiling = max(seconds.iloc[0] - seconds.iloc[1:].median(), 0)
    reached = watched >= float(wanted)
    print(f"\n{network}, {where}, {recipe.precision}, batches of {recipe.batch}")
    print(f"{epochs} epochs: {watched.iloc[-1]:.4f} of PublicTest, {seconds.sum():.1f} s in all")
    if reached.any():
        first = int(reached.argmax())
        took = seconds[: first + 1].sum() - compiling
        print(f"{wanted} after epoch {first + 1}: {took:.1f} s, and {compiling:.1f} s to compile")
    else:
        print(f"{wanted} was not reached: {watched.max():.4f} at best")


if __name__ == "__main__":
    main()
