FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/xieshang
COPY . .
RUN python3 dev.py setup
ENV PATH="/srv/xieshang/.venv/bin:$PATH"
RUN useradd --create-home xieshang && mkdir -p /var/lib/xieshang && chown xieshang /var/lib/xieshang
USER xieshang
