"""Configuration of the peer for the same load: one output file, memory only."""

from __future__ import annotations

from pathlib import Path

AGENT = """
[agent]
  interval = "1s"
  flush_interval = "1s"
  metric_batch_size = 20000
  metric_buffer_limit = 2000000
  omit_hostname = true

[[outputs.file]]
  files = ["{out}"]
  data_format = "influx"
"""

OPCUA = """
[[inputs.opcua_listener]]
  name = "bench"
  endpoint = "{url}"
  security_policy = "None"
  security_mode = "None"
  auth_method = "Anonymous"
  subscription_interval = "100ms"
  timestamp = "source"
  connect_timeout = "30s"
  request_timeout = "30s"
"""

NODE = """
  [[inputs.opcua_listener.nodes]]
    name = "v{place}"
    namespace = "{namespace}"
    identifier_type = "s"
    identifier = "{identifier}"
    [inputs.opcua_listener.nodes.monitoring_params]
      sampling_interval = "100ms"
      queue_size = 10
      discard_oldest = true
"""

MQTT = """
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["bench/#"]
  qos = 1
  client_id = "bench-telegraf"
  persistent_session = true
  max_undelivered_messages = 10000
  data_format = "json_v2"
  [[inputs.mqtt_consumer.json_v2]]
    timestamp_path = "ts"
    timestamp_format = "unix_ms"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "a"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "b"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "c"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "d"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "e"
"""


def opcua_config(folder: Path, url: str, namespace: int, identifiers: list[str]) -> Path:
    """Write a configuration that subscribes to these string node ids; output is `out.lp`."""
    text = AGENT.format(out=folder / "out.lp") + OPCUA.format(url=url)
    text += "".join(
        NODE.format(place=place, namespace=namespace, identifier=identifier)
        for place, identifier in enumerate(identifiers)
    )
    return _written(folder, text)


def mqtt_config(folder: Path, port: int) -> Path:
    """Write a configuration that takes the benchmark's messages; output is `out.lp`."""
    return _written(folder, AGENT.format(out=folder / "out.lp") + MQTT.format(port=port))


def _written(folder: Path, text: str) -> Path:
    path = folder / "telegraf.conf"
    path.write_text(text, encoding="utf-8")
    return path
