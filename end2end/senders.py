"""Sends metrics with the libraries that their makers publish: `senders.py otlp|influx URL KEY`."""

import sys

what, url, key = sys.argv[1:4]
if what == "otlp":
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
    from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    exporter = OTLPMetricExporter(
        endpoint=f"{url}/otlp/v1/metrics",
        headers={"authorization": f"Bearer {key}"},
        compression=Compression.Gzip,
        # The harder way: differences, which the receiver has to add up.
        preferred_temporality={Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], resource=Resource({"service.name": "shop", "service.instance.id": "one"}))
    meter = provider.get_meter("end2end")
    orders = meter.create_counter("orders", unit="1")
    latency = meter.create_histogram("latency", unit="s")
    for count in (3, 4):
        orders.add(count, {"country": "de"})
        latency.record(0.25)
        if not provider.force_flush():
            sys.exit("the exporter says that it failed")
    provider.shutdown()
else:
    from influxdb_client import InfluxDBClient, Point
    from influxdb_client.client.write_api import SYNCHRONOUS

    with InfluxDBClient(url=f"{url}/influx", token=key, org="home") as client:
        client.write_api(write_options=SYNCHRONOUS).write(
            bucket="home",
            record=[
                Point("weather").tag("station", "Bonn Süd, Dach").field("temperature", 21.5).field("gusts", 3),
                Point("weather").tag("station", "Köln").field("temperature", -1.25),
            ],
        )
