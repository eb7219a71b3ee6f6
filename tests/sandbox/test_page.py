"""The page: everything in the book can be found by following links, and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """Links, forms and text of a page; refuses tags that are not closed, and headers of nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert tag != "th" or dict(attrs)["scope"] == "col"
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def look(sandbox: Sandbox, path: str, **query: str) -> Page:
    answer = sandbox.http.get(path, params=query or None)
    assert answer.status_code == 200, (path, answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return Page(answer.text)


def test_every_link_from_the_overview_on_leads_to_a_whole_page(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    """Followed to the last one: each answers, each is well-formed, none has a script."""
    customer_id = sandbox.customer()
    placed = sandbox.order(customer_id, new(line(1, quantity=2))).json()["orderId"]
    sandbox.finish()
    to_see, seen = ["/"], set[str]()
    while to_see:
        path = to_see.pop()
        seen.add(path)
        page = look(sandbox, path)
        assert "script" not in page.tags
        for link in page.links:
            target = urljoin(path, link)
            if target not in seen and target not in to_see and target != "/openapi.json":
                assert not urlsplit(target).netloc
                to_see.append(target)
        assert len(seen) < 500
    kinds = {urlsplit(path).path.rpartition("/")[0] for path in seen}
    assert kinds == {"", "/orders", "/customers", "/journal"}
    assert {f"/orders/{placed}", f"/customers/{customer_id}", "/clock"} <= seen


def test_an_order_is_shown_with_lines_prices_and_the_calls_about_it(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    customer_id = sandbox.customer(companyName="Looked At Ltd")
    body = new(
        line(1, "65310542CA02A12", 12),
        line(2, "65318877CA02A12", 4, flexDiscountCodes=["AUTUMN_TEAM_15"]),
        externalReferenceId="LOOK-1",
    )
    order_id = sandbox.order(customer_id, body).json()["orderId"]
    before = look(sandbox, f"/orders/{order_id}").text
    assert "Accepted and still being processed" in before
    assert "Order total" not in before
    sandbox.finish()
    shown = look(sandbox, f"/orders/{order_id}").text
    answer = sandbox.get(f"/v3/customers/{customer_id}/orders/{order_id}?fetch-price=true").json()
    for item in answer["lineItems"]:
        assert item["subscriptionId"] in shown
        assert f"{item['pricing']['lineItemPartnerPrice']:,.2f} USD" in shown
    total = answer["pricingSummary"][0]["totalLineItemPartnerPrice"]
    assert f"{total:,.2f} USD, as on the day of the order" in shown
    assert "AUTUMN_TEAM_15" in shown
    assert "Looked At Ltd" in shown
    assert f"/v3/customers/{customer_id}/orders" in shown
    reference = sandbox.order(
        customer_id,
        new(line(1, "65310542CA02A12", 12), order_type="RETURN", referenceOrderId=order_id),
    ).json()["orderId"]
    assert reference in look(sandbox, f"/orders/{order_id}").text
    assert order_id in look(sandbox, f"/orders/{reference}").text


def test_a_customer_is_shown_with_subscriptions_and_orders(
    sandbox: Sandbox, line: Make, new: Make
) -> None:
    customer_id = sandbox.customer(
        companyName="Kept & Counted",
        commitment={"startDate": "2026-01-01", "endDate": "2029-01-01", "minimumLicences": 50},
        licences=[{"product": "65310542CA", "quantity": 60, "currencyCode": "USD"}],
    )
    (owned,) = sandbox.get(f"/v3/customers/{customer_id}/subscriptions").json()["items"]
    order_id = sandbox.order(customer_id, new(line(1, "65318877CA13A12"))).json()["orderId"]
    shown = look(sandbox, f"/customers/{customer_id}").text
    for words in (
        "Kept & Counted",
        owned["subscriptionId"],
        order_id,
        "50 licences, COMMITTED, 2026-01-01 to 2029-01-01",
    ):
        assert words in shown
    assert owned["subscriptionId"] in look(sandbox, "/subscriptions", q=customer_id).text
    assert "Kept & Counted" in look(sandbox, "/customers", q="kept & c").text
    assert "Kept & Counted" not in look(sandbox, "/customers", q="somebody else").text


def test_lists_are_filtered_and_paged_newest_first(sandbox: Sandbox, line: Make) -> None:
    customer_id = sandbox.customer()
    for number in range(51):
        sandbox.past_order(customer_id, [line()], externalReferenceId=f"PAGED-{number:02d}")
    first = look(sandbox, "/orders", customer=customer_id)
    assert "1 to 50 of 51" in first.text
    assert first.text.index("PAGED-50") < first.text.index("PAGED-01")
    assert "PAGED-00" not in first.text
    (older,) = [link for link in first.links if "page=1" in link]
    second = look(sandbox, f"/orders{older}")
    assert "51 to 51 of 51" in second.text
    assert "PAGED-00" in second.text
    assert "PAGED-50" not in second.text
    assert "51 to 51 of 51" in look(sandbox, "/orders", customer=customer_id, page="99").text
    assert "1 to 1 of 1" in look(sandbox, "/orders", q="paged-07").text
    assert "Nothing found." in look(sandbox, "/orders", customer=customer_id, status="1004").text
    assert "1 to 50 of 51" in look(sandbox, "/orders", customer=customer_id, kind="NEW").text


def test_the_journal_tells_faults_refusals_and_what_was_executed(
    start: Callable[..., Sandbox], new: Make
) -> None:
    sandbox = start("--finish-after", "3600", "--faults", "executed-504@2,closed-after@3")
    customer_id = sandbox.customer()
    assert sandbox.order(customer_id, new(orderType="SOMETHING")).status_code == 400
    assert sandbox.order(customer_id, new()).status_code == 504
    with pytest.raises(httpx.TransportError):
        sandbox.order(customer_id, new())
    refused = look(sandbox, "/journal", kind="refused")
    assert "1117" in refused.text
    assert "closed" not in refused.text
    hit = look(sandbox, "/journal", kind="faults")
    assert "fault: executed-504, executed all the same" in hit.text
    assert "fault: closed-after, executed all the same" in hit.text
    assert "1117" not in hit.text
    placing = look(sandbox, "/journal", kind="placing")
    assert placing.text.count("fault: ") == 2
    (number,) = [call["number"] for call in sandbox.journal() if call["status"] is None]
    assert (
        "The connection was closed without an answer." in look(sandbox, f"/journal/{number}").text
    )
    assert '"orderType": "NEW"' in look(sandbox, f"/journal/{number}").text
    assert "Faults are on:" in look(sandbox, "/").text


def test_the_journal_is_paged_from_the_newest(sandbox: Sandbox) -> None:
    customer_id = sandbox.customer()
    for _ in range(55):
        sandbox.get(f"/v3/customers/{customer_id}")
    last = max(call["number"] for call in sandbox.journal())
    first = look(sandbox, "/journal")
    assert f"/journal/{last}" in first.links
    assert f"/journal/{last - 50}" not in first.links
    older = look(sandbox, "/journal", before=str(last - 49))
    assert f"/journal/{last - 50}" in older.links


def test_what_people_wrote_is_shown_as_text(sandbox: Sandbox, new: Make) -> None:
    """Names, references and bodies come from outside; none becomes part of the page."""
    evil = "<script>alert(1)</script>"
    customer_id = sandbox.customer(companyName=evil)
    sandbox.order(customer_id, new(externalReferenceId="a&lt;b'"))
    sandbox.order(customer_id, new(externalReferenceId=evil), x_correlation_id=evil)
    number = max(call["number"] for call in sandbox.journal())
    for path in ("/customers", "/orders", f"/customers/{customer_id}", f"/journal/{number}"):
        page = look(sandbox, path)
        assert "script" not in page.tags
    assert evil in look(sandbox, f"/journal/{number}").text
    assert "a&lt;b'" in look(sandbox, f"/customers/{customer_id}").text
    answer = sandbox.http.get("/orders", params={"q": f'">{evil}'})
    assert "script" not in Page(answer.text).tags


def test_secrets_are_on_no_page(sandbox: Sandbox) -> None:
    token = sandbox.sign_in()
    sandbox.control("POST", "seed-client", {"clientId": "other", "clientSecret": "kept-to-itself"})
    sandbox.sign_in("other", "kept-to-itself")
    paths = ["/", "/journal", *(f"/journal/{call['number']}" for call in sandbox.journal()[-3:])]
    for path in paths:
        text = sandbox.http.get(path).text
        assert token not in text
        assert "kept-to-itself" not in text


def test_the_clock_is_moved_and_orders_carried_out_by_buttons(
    start: Callable[..., Sandbox], new: Make
) -> None:
    sandbox = start("--finish-after", "86400")
    customer_id = sandbox.customer()
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    before = sandbox.now()
    moved = sandbox.http.post("/clock/move", data={"days": "10"})
    assert (moved.status_code, moved.headers["location"]) == (303, "/clock?done=moved")
    assert 863_000 < (sandbox.now() - before).total_seconds() < 865_000
    assert "10 days ahead of this computer's clock" in look(sandbox, "/clock").text
    sandbox.http.post("/clock/move", data={"to": "2027-01-02T03:04"})
    assert "2027-01-02 03:04" in look(sandbox, "/clock", done="moved").text
    sandbox.http.post("/clock/move", data={"back": "yes"})
    assert abs((sandbox.now() - before).total_seconds()) < 600
    assert sandbox.http.post("/clock/finish").status_code == 303
    assert "Finished" in look(sandbox, f"/orders/{order_id}").text
    assert sandbox.http.post("/clock/renew").status_code == 303
    again = sandbox.http.post("/clock/renew")
    assert (again.status_code, "less than two minutes ago" in again.text) == (409, True)


@pytest.mark.parametrize("data", [{"days": "x"}, {"days": "nan"}, {"days": "1e9"}, {"to": "x"}, {}])
def test_a_move_that_is_none_is_refused_in_a_sentence(
    sandbox: Sandbox, data: dict[str, str]
) -> None:
    before = sandbox.now()
    answer = sandbox.http.post("/clock/move", data=data)
    assert answer.status_code == 400
    assert "is no date" in answer.text or "at a time" in answer.text
    assert abs((sandbox.now() - before).total_seconds()) < 60


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "rebound.example"},
    ],
)
def test_pages_of_other_places_can_do_and_read_nothing_here(
    sandbox: Sandbox, headers: dict[str, str]
) -> None:
    """A browser sends what any page asks for; the page and the control interface refuse."""
    before = sandbox.now()
    for method, path in (
        ("POST", "/clock/move"),
        ("POST", "/clock/renew"),
        ("GET", "/"),
        ("GET", "/control/book"),
        ("POST", "/control/finish"),
    ):
        answer = sandbox.http.request(method, path, headers=headers, data={"days": "10"})
        assert answer.status_code == 403, (method, path)
    assert abs((sandbox.now() - before).total_seconds()) < 60


def test_its_own_page_may_press_its_buttons(sandbox: Sandbox) -> None:
    answer = sandbox.http.post("/clock/move", data={"days": "0"}, headers={"Origin": sandbox.url})
    assert answer.status_code == 303


@pytest.mark.parametrize("path", ["/orders/none", "/customers/none", "/journal/x", "/journal/0"])
def test_what_is_not_there_is_said_in_a_sentence(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.http.get(path)
    assert answer.status_code == 404
    assert "There is no" in Page(answer.text).text


def test_the_page_keeps_itself_up_to_date_only_when_asked(sandbox: Sandbox) -> None:
    assert 'http-equiv="refresh"' in sandbox.http.get("/?live").text
    assert 'http-equiv="refresh"' not in sandbox.http.get("/").text
    assert 'http-equiv="refresh"' in sandbox.http.get("/journal?live").text
    assert sandbox.http.get("/page.css").headers["content-type"].startswith("text/css")


MANY_NINES = "9" * 5000


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/journal?before=99999999999999999999", 200),
        (f"/journal?before={MANY_NINES}", 200),
        ("/journal/99999999999999999999", 404),
        (f"/journal/{MANY_NINES}", 404),
        (f"/orders?page={MANY_NINES}", 200),
        (f"/customers?page={MANY_NINES}", 200),
    ],
)
def test_a_number_of_any_length_is_survived(sandbox: Sandbox, path: str, status: int) -> None:
    assert sandbox.http.get(path).status_code == status
    assert sandbox.journal() is not None


def test_numbers_in_a_body_are_shown_as_they_were_written(sandbox: Sandbox, new: Make) -> None:
    """Whatever they are: 1e99999999999999 written out would not fit into any memory."""
    numbers = ["1e99999999999999", "412.80", "-0", "9" * 5000]
    body = '{"orderType":"NEW","x":[' + ",".join(numbers) + "]}"
    sandbox.order(sandbox.customer(), body.encode())
    number = max(call["number"] for call in sandbox.journal())
    shown = look(sandbox, f"/journal/{number}").text
    for written in numbers:
        assert f"\n    {written}" in shown


@pytest.mark.parametrize("body", ["[" * 300 + "1," * 100_000 + "1" + "]" * 300, "[" * 100_000])
def test_a_body_that_would_grow_is_shown_as_it_came(sandbox: Sandbox, body: str) -> None:
    sandbox.order(sandbox.customer(), body.encode())
    number = max(call["number"] for call in sandbox.journal())
    shown = sandbox.http.get(f"/journal/{number}").text
    assert "[" * 100 in shown
    assert len(shown) < 100_000


def test_secrets_in_the_query_of_a_sign_in_are_not_kept(sandbox: Sandbox) -> None:
    sandbox.http.post("/ims/token/v3?client_secret=slipped-in")
    number = max(call["number"] for call in sandbox.journal())
    assert "slipped-in" not in sandbox.http.get(f"/journal/{number}").text
    assert "slipped-in" not in str(sandbox.journal()[-1])


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_may_link_here_and_read_nothing(sandbox: Sandbox, site: str) -> None:
    """A followed link fills the tab; anything else could be read or measured there."""
    from_there = {"Sec-Fetch-Site": site}
    followed = from_there | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for path in ("/", "/journal", "/page.css", "/control/book"):
        assert sandbox.http.get(path, headers=from_there).status_code == 403, path
        framed = followed | {"Sec-Fetch-Dest": "iframe"}
        assert sandbox.http.get(path, headers=framed).status_code == 403, path
    assert sandbox.http.get("/", headers=followed).status_code == 200
    assert sandbox.http.get("/control/book", headers=followed).status_code == 403
    sent = sandbox.http.post("/clock/move", data={"days": "0"}, headers=followed)
    assert sent.status_code == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_typed_address_and_the_own_page_are_answered(sandbox: Sandbox, site: str) -> None:
    for path in ("/", "/page.css", "/control/clock"):
        assert sandbox.http.get(path, headers={"Sec-Fetch-Site": site}).status_code == 200


def test_an_order_lists_the_calls_that_name_it_and_no_others(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    order_id = sandbox.order(customer_id, new()).json()["orderId"]
    path = f"/v3/customers/{customer_id}/orders/{order_id}"
    sandbox.get(path)
    sandbox.get(f"/v3/customers/{sandbox.customer()}/orders/{order_id}")
    calls = [link for link in look(sandbox, f"/orders/{order_id}").links if "/journal/" in link]
    assert len(calls) == 2
