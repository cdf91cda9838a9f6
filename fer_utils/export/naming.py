"""Names in an ONNX file: ours, and the same ones at every export."""

INPUT, OUTPUT = "images", "probabilities"


def named(path):
    """Return a file's bytes, with our names of input, outputs and batch.

    What is inside is numbered: the converter counts its layers from the start of the process, so
    that two exports of one network would differ.

    Args:
        path: of an ``.onnx`` file with one input.
    """
    import onnx

    network = onnx.load(path)
    graph = network.graph
    names = _ends(graph)
    if not any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        _number(graph, names)
    _rename(graph, names)
    network.producer_name, network.doc_string = "fer_utils", ""
    graph.name, graph.doc_string = "expressions", ""
    del graph.value_info[:]
    onnx.checker.check_model(network)
    return network.SerializeToString(deterministic=True)


def _ends(graph):
    """Return old names and new of input and outputs."""
    (given,) = graph.input
    several = len(graph.output) > 1
    told = {value.name: f"out_{i}" if several else OUTPUT for i, value in enumerate(graph.output)}
    return {given.name: INPUT, **told}


def _number(graph, names):
    """Add numbers to ``names`` for all that is inside; the nodes and weights get theirs."""
    for i, node in enumerate(graph.node):
        node.name, node.doc_string = f"{node.op_type}_{i}", ""
        for j, name in enumerate(filter(None, node.output)):  # one left out is called ""
            names.setdefault(name, f"t{i}_{j}")
    used = dict.fromkeys(name for node in graph.node for name in node.input)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    ordered = [name for name in used if name in weights]
    for i, name in enumerate(ordered):
        names.setdefault(name, f"w{i}")
    tensors = [weights[name] for name in ordered]
    del graph.initializer[:]
    graph.initializer.extend(tensors)


def _rename(graph, names):
    for node in graph.node:
        for called in (node.input, node.output):
            called[:] = [names.get(name, name) for name in called]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names.get(value.name, value.name)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
