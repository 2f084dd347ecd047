"""On PYTHONPATH of `make test-vllm` only: lets PyPI's torchvision import against a torch without CUDA.

There is no CPU build of torchvision on PyPI. Its compiled part does not load against torch+cpu, and its Python part
stops at two operators that it would have defined. Defined here, they have no body: nothing in these tests calls them.
"""

import importlib.util

if importlib.util.find_spec("torch") is not None:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
