# docker build -t zerosight . ; docker run --rm -it -v "$PWD/runs:/work/runs" zerosight evolve
FROM python:3.12-slim

# Where torch comes from: without CUDA by default; https://download.pytorch.org/whl/cu128 for a GPU.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN apt-get update \
 && apt-get install -y --no-install-recommends libcairo2 libgl1 libegl1 libusb-1.0-0 libgomp1 bubblewrap \
 && rm -rf /var/lib/apt/lists/*

COPY . /opt/zerosight
RUN pip install --no-cache-dir torch --index-url "$TORCH_INDEX" -c /opt/zerosight/constraints.txt \
 && pip install --no-cache-dir '/opt/zerosight[train,spatial]' -c /opt/zerosight/constraints.txt \
 && useradd --create-home zerosight && mkdir -p /work && chown zerosight /work

USER zerosight
WORKDIR /work
ENTRYPOINT ["zerosight"]
CMD ["--help"]
