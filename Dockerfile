# avel for a user without rights, who needs no network.
#
#   docker build -t avel .                              for the CPU
#   docker build -t avel:cuda --build-arg TORCH=cuda .  for NVIDIA GPUs
#   docker run --rm --network none --user "$(id -u):$(id -g)" -v "$PWD:/films" avel localize my.mp4 --out results
#
# WHEELS names the index of CPU wheels of torch; PyTorch's page "Start locally" says which it is. Without it
# torch comes from where pip looks, with CUDA's libraries. The weights of the everyday model are fetched
# while the image is made where EVERYDAY=yes, or are mounted: -v ~/.local/share/avel/weights:/weights:ro
FROM python:3.11-slim AS build
ARG TORCH=cpu
ARG WHEELS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /avel
ENV PATH=/avel/bin:$PATH
COPY constraints.txt ./
RUN case "$TORCH" in \
      cpu) test -z "$WHEELS" || pip install -c constraints.txt --index-url "$WHEELS" torch torchvision torchaudio ;; \
      cuda) pip install -c constraints.txt torch torchvision torchaudio ;; \
      *) echo "TORCH=$TORCH must be cpu or cuda" >&2; exit 2 ;; \
    esac
COPY . .
RUN pip install -c constraints.txt .
ARG EVERYDAY=no
ENV AVEL_WEIGHTS_DIR=/weights
RUN mkdir -p /weights && if [ "$EVERYDAY" = yes ]; then avel weights fetch everyday; fi

FROM python:3.11-slim
# what is found of a film is kept in the container's own cache, unless a folder is mounted there
ENV PATH=/avel/bin:$PATH AVEL_WEIGHTS_DIR=/weights AVEL_CACHE_DIR=/cache HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
COPY --from=build /avel /avel
COPY --from=build /weights /weights
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin avel \
    && install -d -m 1777 /cache && install -d -o avel /films
USER avel
WORKDIR /films
ENTRYPOINT ["avel"]
CMD ["--help"]
