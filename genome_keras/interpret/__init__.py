"""Which letters a model's scores hang on.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

import importlib

_HOMES = {
    "Attribution": "genome_keras.interpret.attribution",
    "attribute": "genome_keras.interpret.attribution",
    "of_letters": "genome_keras.interpret.attribution",
    "read_attributions": "genome_keras.interpret.attribution_files",
    "write_attributions": "genome_keras.interpret.attribution_files",
    "Filters": "genome_keras.interpret.first_filters",
    "filters": "genome_keras.interpret.first_filters",
    "write_filters": "genome_keras.interpret.filter_files",
    "Readout": "genome_keras.interpret.layer_outputs",
    "hidden_states": "genome_keras.interpret.layer_outputs",
    "read_out": "genome_keras.interpret.layer_outputs",
    "readouts": "genome_keras.interpret.layer_outputs",
    "modisco": "genome_keras.interpret.modisco_runs",
    "modisco_file": "genome_keras.interpret.modisco_runs",
    "draw_alleles": "genome_keras.interpret.pictures_alleles",
    "draw_logo": "genome_keras.interpret.pictures_windows",
    "draw_substitutions": "genome_keras.interpret.pictures_windows",
    "draw_tracks": "genome_keras.interpret.pictures_tracks",
    "letter_model": "genome_keras.interpret.letters",
    "Match": "genome_keras.interpret.motif_match",
    "match": "genome_keras.interpret.motif_match",
    "match_pvalue": "genome_keras.interpret.motif_match",
    "similarities": "genome_keras.interpret.motif_match",
    "Pattern": "genome_keras.interpret.motif_patterns",
    "find_patterns": "genome_keras.interpret.motif_patterns",
    "Inside": "genome_keras.interpret.motif_sites",
    "Sites": "genome_keras.interpret.motif_sites",
    "inside": "genome_keras.interpret.motif_sites",
    "scan": "genome_keras.interpret.motif_sites",
    "Mutagenesis": "genome_keras.interpret.mutagenesis",
    "ism": "genome_keras.interpret.mutagenesis",
    "write_ism": "genome_keras.interpret.tables",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'genome_keras.interpret' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
