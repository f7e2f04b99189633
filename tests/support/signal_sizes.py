"""Parameters of the models of measured signal, layer by layer."""

from itertools import pairwise


def bpnet(filters, layers, tasks):
    """A convolution of 21, dilated ones of 3, one of 75 for the profile, dense for counts."""
    dilated = layers * (3 * filters + 1) * filters
    return (4 * 21 + 1) * filters + dilated + (75 * filters + 1) * tasks + filters + 1


def basenji2(filters, dilated_filters, dilations, last_filters, tasks):
    """Convolutions of 15 and 5, pairs of 3 and 1, one of 1, none with a bias; norms; a head."""
    size = sum(
        ((15 if number == 0 else 5) * before + 4) * after
        for number, (before, after) in enumerate(pairwise((4, *filters)))
    )
    pair = (3 * filters[-1] + 4) * dilated_filters + (dilated_filters + 4) * filters[-1]
    size += len(dilations) * pair + (filters[-1] + 4) * last_filters
    return size + (last_filters + 1) * tasks


def deepstarr(window, filters, widths, hidden, tasks):
    """Convolutions and dense layers, each with a norm; half the positions left after each."""
    size = sum(
        (width * before + 1 + 4) * after
        for width, (before, after) in zip(widths, pairwise((4, *filters)), strict=True)
    )
    features = (window >> len(filters)) * filters[-1]
    size += sum((before + 1 + 4) * after for before, after in pairwise((features, *hidden)))
    return size + (hidden[-1] + 1) * tasks


def enformer(filters, depth, heads, key_size, tasks):
    """Convolutions of 15 and 5, each with one of 1 and a pooling; blocks; one more, a head."""
    size, before = 0, None
    for width in filters:
        size += (5 * before + 1) * width + 4 * before if before else (4 * 15 + 1) * width
        size += 4 * width + (width + 1) * width + width**2
        before = width
    return (
        size
        + depth * block(before, heads, key_size, before, before // heads)
        + (4 * before + (before + 1) * 2 * before + (2 * before + 1) * tasks)
    )


def block(channels, heads, key_size, values, distances):
    """Attention and two dense layers, and two norms."""
    attention = channels * (2 * heads * key_size + values) + distances * heads * key_size
    attention += 2 * heads * key_size + (values + 1) * channels
    return 4 * channels + attention + (channels + 1) * 2 * channels + (2 * channels + 1) * channels


def borzoi(filters, channels, depth, heads, key_size, value_size, last_filters, tasks):
    """A tower, blocks, two steps up, one across for each, and the last two convolutions."""

    def convolved(before, after, width):
        return 4 * before + (width * before + 1) * after

    size = (4 * 15 + 1) * filters[0]
    size += sum(convolved(*pair, 5) for pair in pairwise(filters))
    size += convolved(filters[-1], channels, 5) + convolved(filters[-1], channels, 1)
    size += depth * block(channels, heads, key_size, heads * value_size, 32)
    size += 3 * convolved(channels, channels, 1) + 2 * (3 + channels + 1) * channels
    return size + convolved(channels, last_filters, 1) + (last_filters + 1) * tasks


def legnet(stem, stem_width, filters, width, expansion, tasks):
    """Convolutions without bias and with norms; in a block five, two dense layers; three more."""
    size = (4 * stem_width + 4) * stem
    for before, after in pairwise((stem, *filters)):
        wide = expansion * before
        size += (before + 4) * wide + (width + 4) * wide + (wide + 4) * before
        size += (wide + 1) * before + (before + 1) * wide + (width * 2 * before + 4) * after
    last = filters[-1]
    size += 4 * last + (last + 1) * 2 * last + (2 * last + 1 + 4) * 2 * last
    return size + (2 * last + 1) * tasks


def spliceai(filters, widths, blocks):
    """A convolution of 1, one after it and after each group, and blocks of two with norms."""
    convolutions = sum(2 * blocks * ((width * filters + 1) + 4) * filters for width in widths)
    return (
        5 * filters
        + convolutions
        + (len(widths) + 1) * (filters + 1) * filters
        + ((filters + 1) * 3)
    )
