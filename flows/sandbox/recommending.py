"""Recommendations, where a call asks for them (reference, section 8.3).

The reference has the failure stand inside the 2xx body, as `recommendations.errorDetails`, and
shows neither its form nor that of a recommendation. So errorDetails has the form of every other
error of the service (section 5), and a call that is in order gets no recommendations: this
marketplace has none to give, and a field that is not there means just that (section 1).
"""

from __future__ import annotations

from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.wire_answers import Recommendations, ServiceErrorAnswer

LANGUAGES = ("MULT", "EN")

_COUNTRY = "recommendation-country"
_LANGUAGE = "recommendation-language"


def recommendations(catalog: Catalog, call: Call) -> Recommendations | None:
    """What an answer says of recommendations: 5136 country, 5137 language, or nothing.

    Either may be left out; then the customer's own country and every language are meant.
    """
    if not call.asks_for("fetch-recommendations"):
        return None
    asked = dict(call.parameters)
    if _COUNTRY in asked and asked[_COUNTRY] not in catalog.country_currencies:
        return _failed("5136", _COUNTRY)
    if _LANGUAGE in asked and asked[_LANGUAGE] not in LANGUAGES:
        return _failed("5137", _LANGUAGE)
    return None


def _failed(code: str, name: str) -> Recommendations:
    body = ServiceRefusal(code, [name]).body
    return Recommendations(error_details=ServiceErrorAnswer.model_validate(body))
