FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .
RUN useradd --create-home daamweb && mkdir -p /var/lib/daamweb && chown daamweb /var/lib/daamweb && chmod 700 /var/lib/daamweb
USER daamweb
# `docker build --build-arg DAAMWEB_COMMIT=$(git rev-parse HEAD) .` writes the commit into reports and generations.
ARG DAAMWEB_COMMIT=""
ENV DAAMWEB_COMMIT=$DAAMWEB_COMMIT
