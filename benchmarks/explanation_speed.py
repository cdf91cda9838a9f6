"""What a map costs by each method, and beside the loops that tutorials show.

Usage: python benchmarks/explanation_speed.py

The network ``small`` on drawn faces. Occlusion: all squares in full batches, or a ``predict`` for
each. Grad-CAM: 32 faces at a time, compiled, or as on keras.io, a face a call under a GradientTape
(so on TensorFlow alone). Whether to believe the maps: explanations.py.
"""

import measuring
import numpy as np

import fer_utils
from fer_utils import backend, explain
from fer_utils.datasets import synthetic
from fer_utils.explain.grad_cam import layers_of
from fer_utils.explain.occlusion import hidden_squares

FACES, TURNS = 32, 3


def square_by_square(network, image):
    """Ask ``model.predict`` about each hidden square."""
    grey = image.mean()
    for square in hidden_squares(image.shape):
        network.model.predict(np.where(square, grey, image)[None, ..., None], verbose=0)


def tape_by_face(model):
    """Return a function of images: https://keras.io/examples/vision/grad_cam, a face a call."""
    import keras
    import tensorflow as tf

    seen = layers_of(model)[0]
    both = keras.Model(model.inputs, [seen.outputs[0], model.outputs[0]])

    def heat(image):
        with tf.GradientTape() as tape:
            values, said = both([image[None]])
            score = said[:, tf.argmax(said[0])]
        weights = tf.reduce_mean(tape.gradient(score, values), axis=(0, 1, 2))
        return tf.nn.relu(tf.squeeze(values[0] @ weights[:, None])).numpy()

    return lambda images: [heat(image) for image in images]


def main():
    """Print the tables."""
    print(f"{backend.start()}; {FACES} drawn faces, the shipped network `small`.\n")
    images = synthetic.generate(FACES, size=48, seed=0).images
    network = explain.Network(fer_utils.load_pretrained("small"))
    ways = {
        name: lambda n=name: explain.explain(network, images, methods=[n])
        for name in explain.METHODS
    }
    each = measuring.in_turns(ways, TURNS)
    faces = {name: [x / FACES for x in seconds] for name, seconds in each.items()}
    print(measuring.table(faces, "seconds a face").rpartition("\n\n")[0])
    by_tape, shown = tape_by_face(network.model), network.images(images)
    pairs = (
        {
            "occlusion, in batches": ways["occlusion"],
            "occlusion, a predict for each square": lambda: square_by_square(network, images[0]),
        },
        {
            "Grad-CAM, 32 faces at a time": ways["Grad-CAM"],
            "Grad-CAM, a face under a tape": lambda: by_tape(shown),
        },
    )
    for pair, count in zip(pairs, ((FACES, 1), (FACES, FACES)), strict=True):
        found = measuring.in_turns(pair, TURNS)
        told = {way: [x / n for x in found[way]] for way, n in zip(found, count, strict=True)}
        print("\n" + measuring.table(told, "seconds a face"))


if __name__ == "__main__":
    main()
