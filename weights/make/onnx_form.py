"""ONNX graphs with the same bytes for the same network, whose weights stay in their own file."""

import itertools
from pathlib import Path

import h5py
import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, helper, numpy_helper

SMALL = 16  # numbers of an initializer that is no weight


def canonical(model: ModelProto) -> ModelProto:
    """The same network without names that hang on who made it, and how often before.

    Nodes keep their order as far as inputs allow, which is made that of the outputs; values
    are numbered in the order in which they are met.

    Args:
        model: an ONNX model; it is left as it is.
    """
    new = ModelProto()
    new.ir_version = model.ir_version
    opsets = {each.domain: each.version for each in model.opset_import}
    for domain in sorted({node.domain for node in _all_nodes(model.graph)} | {""}):
        new.opset_import.append(helper.make_opsetid(domain, opsets[domain]))
    new.graph.CopyFrom(_renamed(_without_copies(model.graph), {}, itertools.count()))
    new.graph.name = "genome_keras"
    return new


def _all_nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from _all_nodes(attribute.g)


def _renamed(graph, outer, numbers):
    """A graph with values named by number; `outer` are the names around it, old -> new."""
    names, new = dict(outer), GraphProto()

    def name(old):
        if not old:
            return ""
        if old not in names:
            names[old] = f"v{next(numbers)}"
        return names[old]

    own = {old.name: old for old in graph.initializer}
    for old in graph.input:
        if old.name not in own:
            new.input.append(_value(name(old.name), old.type))
    used = []  # initializers in the order in which they are met
    for old in _sorted(graph):
        for value in old.input:
            if value in own and value not in used:
                used.append(value)
        node = new.node.add()
        node.op_type, node.domain = old.op_type, old.domain
        node.input.extend(map(name, old.input))
        for attribute in sorted(old.attribute, key=lambda one: one.name):
            kept = node.attribute.add()
            kept.CopyFrom(attribute)
            kept.doc_string = ""
            if attribute.type == AttributeProto.GRAPH:
                used += [each for each in own if each in _free(attribute.g) and each not in used]
                for value in _free(attribute.g):
                    name(value)
                kept.g.CopyFrom(_renamed(attribute.g, names, numbers))
                kept.g.name = f"g{next(numbers)}"
        node.output.extend(map(name, old.output))
    for old in graph.output:
        if old.name in own and old.name not in used:
            used.append(old.name)
        new.output.append(_value(name(old.name), old.type))
    for value in used:
        new.initializer.append(_tensor(own[value], name(value)))
    return new


def _tensor(old, name):
    """An initializer in its one form, under another name."""
    if old.data_location != TensorProto.EXTERNAL:
        return numpy_helper.from_array(numpy_helper.to_array(old), name)
    tensor = TensorProto()
    tensor.CopyFrom(old)
    tensor.name = name
    return tensor


def _without_copies(graph, around=None):
    """A graph without operations that copy, but for outputs that would be the same value."""
    new, first = GraphProto(), dict(around or {})  # a copy -> what it is of
    new.CopyFrom(graph)
    del new.node[:]
    for node in graph.node:
        if node.op_type == "Identity":
            first[node.output[0]] = first.get(node.input[0], node.input[0])
            continue
        kept = new.node.add()
        kept.CopyFrom(node)
        for at, value in enumerate(node.input):
            kept.input[at] = first.get(value, value)
        for attribute in kept.attribute:
            if attribute.type == AttributeProto.GRAPH:
                attribute.g.CopyFrom(_without_copies(attribute.g, first))
    inside = {one.name for one in new.input} | {one for node in new.node for one in node.output}
    for value in new.output:
        source = first.get(value.name, value.name)
        if source in inside:
            inside.remove(source)  # it is an output now, and no other may be
            value.name = source
        else:
            value.name += ".copy"
            new.node.append(helper.make_node("Identity", [source], [value.name]))
    return new


def _value(name, kind):
    """A value of a type, whose unknown sizes have no names."""
    value = helper.make_value_info(name, kind)
    for size in value.type.tensor_type.shape.dim:
        if size.HasField("dim_param"):
            size.ClearField("dim_param")
    return value


def _free(graph):
    """Names that a graph takes from around it, in the order in which they are met."""
    known = {one.name for one in (*graph.input, *graph.initializer)}
    known |= {value for node in graph.node for value in node.output}
    found = []
    for node in _sorted(graph):
        found += node.input
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                found += _free(attribute.g)
    found += [one.name for one in graph.output]
    return list(dict.fromkeys(value for value in found if value and value not in known))


def _sorted(graph):
    """The nodes that outputs need, each after those that it needs: depth first, by inputs."""
    made_by = {value: node for node in graph.node for value in node.output if value}
    done, found = set(), []

    def visit(value):
        todo = [(made_by[value], False)] if value in made_by else []
        while todo:
            node, ready = todo.pop()
            if id(node) in done:
                continue
            if ready:
                done.add(id(node))
                found.append(node)
                continue
            todo.append((node, True))
            needed = list(node.input)
            for attribute in node.attribute:
                if attribute.type == AttributeProto.GRAPH:
                    needed += _free(attribute.g)
            todo += [(made_by[each], False) for each in reversed(needed) if each in made_by]

    for value in graph.output:
        visit(value.name)
    return found


def without_weights(model: ModelProto, weights: Path) -> ModelProto:
    """The same network, with weights that are read from where they lie in an HDF5 file.

    An initializer that is an array of the file, perhaps with other axes, another shape or
    float32 of its float16, becomes a place in that file, by ONNX's own "external data".
    What is none stays.

    Args:
        model: an ONNX model; it is left as it is.
        weights: the `.weights.h5` file, beside which the graph will lie.
    """
    new = ModelProto()
    new.CopyFrom(model)
    arrays, kept, before = _arrays(weights), [], []
    for tensor in new.graph.initializer:
        values = numpy_helper.to_array(tensor)
        found = None
        if values.dtype == np.float32 and values.size > SMALL:
            found = _found(values, arrays)
        if found is None:
            kept.append(tensor)
            continue
        made, nodes = _read_from(tensor.name, values.shape, weights.name, *found)
        kept += made
        before += nodes
    nodes = [*before, *new.graph.node]
    del new.graph.initializer[:], new.graph.node[:]
    new.graph.initializer.extend(kept)
    new.graph.node.extend(nodes)
    return new


def _arrays(weights):
    """Offset in the file -> array, of the arrays that lie in it in one piece."""
    found = {}

    def visit(_, item):
        offset = item.id.get_offset() if isinstance(item, h5py.Dataset) else None
        if offset is not None and item.dtype.str in ("<f2", "<f4"):
            found[offset] = item[()]

    with h5py.File(weights, "r") as file:
        file.visititems(visit)
    return found


def _found(values, arrays):
    """Offset, array and order of its axes that give these values, or None."""
    for offset, array in sorted(arrays.items()):
        if array.size == values.size:
            for axes in itertools.permutations(range(array.ndim)):
                turned = array.transpose(axes).astype(np.float32)
                if np.array_equal(turned.ravel(), values.ravel()):
                    return offset, array, axes
    return None


def _read_from(name, shape, file, offset, array, axes):
    """Initializers and nodes that give a value of this name and shape."""
    steps = []
    if array.dtype == np.float16:
        steps.append(("Cast", {"to": TensorProto.FLOAT}))
    if list(axes) != sorted(axes):
        steps.append(("Transpose", {"perm": list(axes)}))
    reshaped = tuple(array.shape[axis] for axis in axes) != shape
    if reshaped:
        steps.append(("Reshape", {}))
    tensor = TensorProto(name=f"{name}.h5" if steps else name, dims=array.shape)
    tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": file, "offset": offset, "length": array.nbytes}.items():
        tensor.external_data.add(key=key, value=str(value))
    made, nodes = [tensor], []
    for step, (operation, how) in enumerate(steps):
        read = nodes[-1].output[0] if nodes else tensor.name
        inputs = [read]
        if operation == "Reshape":
            made.append(numpy_helper.from_array(np.array(shape, np.int64), f"{name}.shape"))
            inputs.append(f"{name}.shape")
        output = name if step == len(steps) - 1 else f"{name}.{step}"
        nodes.append(helper.make_node(operation, inputs, [output], **how))
    return made, nodes


def as_bytes(model: ModelProto) -> bytes:
    """What is written: the same bytes for the same model."""
    onnx.checker.check_model(model, full_check=False) if not _external(model) else None
    return model.SerializeToString(deterministic=True)


def _external(model):
    return any(one.data_location == TensorProto.EXTERNAL for one in model.graph.initializer)
