from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.live.gateways import RunningGateway, eventually


def test_the_health_port_says_who_is_there(gateway: RunningGateway) -> None:
    pages = [gateway.joined("a"), gateway.joined("b")]
    pages[0].say(t="beat", n=1, visible=True, watched_ms=4000)
    eventually(lambda: gateway.health()["online"] == 1)
    health = gateway.health()
    assert (health["status"], health["redis"]) == ("ok", "ok")
    assert (health["viewers"], health["sockets"], health["rooms"]) == (2, 2, 1)


def test_prometheus_can_read_the_metrics(gateway: RunningGateway) -> None:
    page = gateway.joined()
    page.next("tick")
    families = {
        family.name: family for family in text_string_to_metric_families(gateway.ask("/metrics").decode())
    }
    assert families["xieshang_gateway_viewers"].samples[0].value == 1
    assert families["xieshang_gateway_redis_up"].samples[0].value == 1
    assert families["xieshang_gateway_frames"].samples[0].value >= 1


def test_the_health_port_has_nothing_else(gateway: RunningGateway) -> None:
    with pytest.raises(HTTPError, match="404"):
        gateway.ask("/ws")
