FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .
RUN useradd --create-home daamweb && mkdir -p /var/lib/daamweb && chown daamweb /var/lib/daamweb
USER daamweb
