"""Which letters a model's scores hang on.

Names are loaded when they are first used, as in `genome_keras` itself.
"""

import importlib

_HOMES = {
    "Attribution": "genome_keras.interpret.attribution",
    "attribute": "genome_keras.interpret.attribution",
    "GradientXInput": "genome_keras.interpret.methods",
    "IntegratedGradients": "genome_keras.interpret.methods",
    "Occlusion": "genome_keras.interpret.methods",
    "SmoothGrad": "genome_keras.interpret.methods",
    "of_letters": "genome_keras.interpret.attribution",
    "read_attributions": "genome_keras.interpret.attribution_files",
    "write_attributions": "genome_keras.interpret.attribution_files",
    "Filters": "genome_keras.motifs.first_filters",
    "filters": "genome_keras.motifs.first_filters",
    "write_filters": "genome_keras.motifs.filter_files",
    "Readout": "genome_keras.interpret.layer_outputs",
    "hidden_states": "genome_keras.interpret.layer_outputs",
    "read_out": "genome_keras.interpret.layer_outputs",
    "readouts": "genome_keras.interpret.layer_outputs",
    "modisco": "genome_keras.motifs.modisco",
    "modisco_file": "genome_keras.motifs.modisco",
    "draw_alleles": "genome_keras.pictures.alleles",
    "draw_logo": "genome_keras.pictures.windows",
    "draw_substitutions": "genome_keras.pictures.windows",
    "draw_tracks": "genome_keras.pictures.tracks",
    "letter_model": "genome_keras.interpret.letters",
    "Match": "genome_keras.motifs.match",
    "match": "genome_keras.motifs.match",
    "match_pvalue": "genome_keras.motifs.match",
    "similarities": "genome_keras.motifs.match",
    "Pattern": "genome_keras.motifs.patterns",
    "find_patterns": "genome_keras.motifs.patterns",
    "Inside": "genome_keras.motifs.sites",
    "Sites": "genome_keras.motifs.sites",
    "inside": "genome_keras.motifs.sites",
    "scan": "genome_keras.motifs.sites",
    "Ablate": "genome_keras.interpret.experiment_files",
    "Epistasis": "genome_keras.interpret.experiment_files",
    "Experiment": "genome_keras.interpret.experiments",
    "Marginalize": "genome_keras.interpret.experiment_files",
    "Space": "genome_keras.interpret.experiment_files",
    "Spacing": "genome_keras.interpret.planted_motifs",
    "ablate": "genome_keras.interpret.ablation",
    "draw_epistasis": "genome_keras.pictures.interactions",
    "draw_spacing": "genome_keras.pictures.interactions",
    "epistasis": "genome_keras.interpret.interactions",
    "log_odds": "genome_keras.interpret.experiments",
    "marginalize": "genome_keras.interpret.planted_motifs",
    "region_epistasis": "genome_keras.interpret.interactions",
    "shuffled": "genome_keras.interpret.dinucleotides",
    "space": "genome_keras.interpret.planted_motifs",
    "strongest": "genome_keras.interpret.interactions",
    "write_experiment": "genome_keras.interpret.experiment_files",
    "Mutagenesis": "genome_keras.interpret.mutagenesis",
    "ism": "genome_keras.interpret.mutagenesis",
    "write_ism": "genome_keras.interpret.mutagenesis_files",
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
