"""Training images a second: v8's compiled step beside the usual ``model.fit`` of the same network.

Usage: python benchmarks/training_speed.py [NETWORK ...]

Each network (default vgg_gap wide_short se_resnet) is trained on 2,048 drawn faces twice: as the
package does (augmentation within the step, the device's precision), and as notebooks usually
do: images augmented one by one on the host with Keras 2's own generator formula (rotation, shift,
zoom, flip, by SciPy), float32. The two take turns, three epochs each after one to warm up; the
median counts. Prints a table for each.
"""

import sys
import time

import measuring
import numpy as np

from fer_utils import backend, datasets, models, training
from fer_utils.augment import layers as augment
from fer_utils.training.examples import Examples
from fer_utils.training.fused import fuse
from fer_utils.training.optimizers import optimizer
from fer_utils.training.precision import compiled_by_xla, under_precision

ROWS, BATCH, EPOCHS = 2048, 64, 3


def augmented(image, rng):
    """Return a grey image turned, moved, zoomed and mirrored at random, as seed 003 did."""
    from scipy.ndimage import affine_transform

    angle = np.deg2rad(rng.uniform(-10, 10))
    zoom, shift = rng.uniform(0.9, 1.1, 2), rng.uniform(-0.1, 0.1, 2) * image.shape
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag(zoom)
    middle = (np.array(image.shape) - 1) / 2
    moved = affine_transform(
        image, matrix, middle - matrix @ (middle + shift), order=1, mode="nearest"
    )
    return moved[:, ::-1] if rng.random() < 0.5 else moved


def on_the_host(name, images, targets):
    """Return the model and the batches of the usual way."""
    import keras

    rng = np.random.default_rng(0)
    network = models.build(name, targets.shape[1], images.shape[1:])
    network.compile("adamw", "categorical_crossentropy", metrics=["accuracy"])

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(images) // BATCH

        def __getitem__(self, i):
            rows = slice(i * BATCH, (i + 1) * BATCH)
            shown = [augmented(image.astype("float32"), rng) for image in images[rows]]
            return np.stack(shown), targets[rows]

    return network, Batches()


def in_the_step(name, dataset):
    """Return the model and the batches as the package trains them: v8's recipe."""
    precision = training.precision_for_device()
    recipe = models.recipe("v8", precision=precision, batch=BATCH)
    batches = Examples(dataset, [], recipe, seed=0).batches()
    with under_precision(precision):
        network = models.build(name, dataset.classes, dataset.images.shape[1:])
    model = augment.in_front(network, recipe.augmentation)
    if compiled_by_xla(precision) is False:
        fuse(network)
    model.compile(
        optimizer(recipe, 100 * len(batches)),
        recipe.loss,
        metrics=["accuracy"],
        jit_compile=compiled_by_xla(precision),
    )
    return model, batches


def rate(model, batches):
    """Return images a second in an epoch, from the end of its first step to the last but one's.

    TensorFlow's input pipeline may wait for a timer before the last step is done.
    """
    import keras

    ends = []
    told = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs=None: ends.append(time.perf_counter())
    )
    model.fit(batches, callbacks=[told], verbose=0)
    return BATCH * (len(ends) - 2) / (ends[-2] - ends[0])


def main():
    """Time the networks and print the table."""
    print(backend.start(), training.precision_for_device())
    faces = datasets.load("synthetic", n=2 * ROWS, size=48)
    faces = faces.take(faces.rows("train")[:ROWS])
    images, targets = faces.images, np.eye(len(faces.classes), dtype="float32")[faces.labels]
    for name in sys.argv[1:] or ("vgg_gap", "wide_short", "se_resnet"):
        both = {
            f"{name}, in the step": in_the_step(name, faces),
            f"{name}, augmented on the host": on_the_host(name, images, targets),
        }
        for way in both.values():
            rate(*way)
        found = {way: [] for way in both}
        for _ in range(EPOCHS):
            for way, fitted in both.items():
                found[way].append(rate(*fitted))
        told = measuring.table(found, "images a second", more_is_better=True)
        print(f"\n{told}", flush=True)


if __name__ == "__main__":
    main()
