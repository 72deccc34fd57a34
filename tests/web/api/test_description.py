import json
import subprocess
import sys

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode

from tests.crowds import a_sitting
from tests.web.visitors import Web, said


def test_the_description_names_every_address_of_the_api(web: Web) -> None:
    described = web.visitor().get("/api/v1/openapi.json").json
    assert described["openapi"] == "3.1.0"
    addresses = {str(rule).replace("<id:", "{").replace(">", "}") for rule in web.app.url_map.iter_rules()}
    mine = {address for address in addresses if address.startswith("/api/v1/")}
    assert described["paths"].keys() == mine - {"/api/v1/", "/api/v1/openapi.json"}


def test_the_command_prints_the_same_description(web: Web) -> None:
    printed = subprocess.run([sys.executable, "-m", "web.api"], check=True, capture_output=True)
    assert json.loads(printed.stdout) == web.visitor().get("/api/v1/openapi.json").json


def test_the_page_shows_every_address_and_loads_nothing_from_elsewhere(web: Web) -> None:
    page = web.visitor().get("/api/v1/")
    words = said(page)
    for address in web.visitor().get("/api/v1/openapi.json").json["paths"]:
        assert address in words
    assert "https://" not in page.text


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_to_good_and_bad_requests_is_as_described(
    web: Web, mode: GenerationMode, long: bool
) -> None:
    with web.house.transaction() as db:
        a_sitting(db)
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", web.app)
    for operation in described.get_all_operations():
        _check(operation.ok().as_strategy(generation_mode=mode), 500 if long else 20)


def _check(cases: SearchStrategy[schemathesis.Case], count: int) -> None:
    @settings(max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def answered(case: schemathesis.Case) -> None:
        case.call_and_validate()

    answered()
