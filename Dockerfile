# docker build -t genome-keras . && docker run --rm -v "$PWD:/data" genome-keras predict in.fa
FROM python:3.12-slim
ARG EXTRAS=parquet,onnx,bigwig,htslib
COPY . /source
RUN pip install --no-cache-dir "/source[${EXTRAS}]" && rm -r /source && useradd --uid 1000 user
USER 1000
WORKDIR /data
ENV OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3
ENTRYPOINT ["genome-keras"]
CMD ["--help"]
