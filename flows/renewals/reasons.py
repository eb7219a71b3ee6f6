"""Why a subscription is renewed, held or left: each reason with its verdict and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What tonight brings a subscription."""

    RENEW = "renew"
    HOLD = "hold"
    NOTHING = "nothing"
    TOO_LATE = "too late"


class Reason(StrEnum):
    """Every reason there is; REASONS tells each."""

    RENEW_EARLY = "renew early"
    RENEW_LATE = "renew late"
    RENEW_LATE_WITH_WARNING = "renew late, with a warning"
    GOES_ON = "goes on"
    ASKS = "asks"
    ASKS_AND_ADOBE_RENEWS = "asks, and Adobe renews"
    NOT_WANTED = "not wanted"
    NOT_WANTED_YET_ADOBE_RENEWS = "not wanted, yet Adobe renews"
    NOT_WANTED_YET_ADOBE_WILL_RENEW = "not wanted, yet Adobe will renew"
    NOT_DUE = "not due"
    ADOBE_RENEWS = "Adobe renews"
    ADOBE_RENEWS_MORE = "Adobe renews more"
    ADOBE_RENEWS_TOO_DEAR = "Adobe renews, too dear"
    ADOBE_WILL_NOT_RENEW = "Adobe will not renew"
    AUTO_RENEWAL_DIFFERS = "automatic renewal differs"
    RENEWED_ALREADY = "renewed already"
    RENEWED_MORE = "renewed more"
    RENEWED_LATE_ALREADY = "renewed late already"
    MORE_THAN_LAST_TERM = "more than last term"
    NO_LICENCES = "no licences"
    DAY_HAS_COME = "day has come"
    BEING_CHANGED = "being changed"
    BEGINS_BY_ITSELF = "begins by itself"
    WAITS = "waits"
    WINDOW_OVER = "window over"
    ENDED = "ended"
    UNKNOWN = "unknown"
    DATES_APART = "dates apart"
    CHANGED = "changed"
    ROW_FAULTY = "row faulty"
    TWO_BOOKS = "two books"
    OURS_DONE = "ours, done"
    OURS_OPEN = "ours, open"
    OURS_IN_DOUBT = "ours, in doubt"
    OURS_FAILED = "ours, failed"
    OURS_RETURNED = "ours, returned"
    OURS_OF_ANOTHER_QUANTITY = "ours, of another quantity"


@dataclass(frozen=True, slots=True)
class Telling:
    """A reason's verdict, what it says, and what a person can do ("" where there is nothing).

    Names in braces are those of `decide.Figures`.
    """

    verdict: Verdict
    what_happened: str
    what_to_do: str = ""


_SWITCH: Final = "at Adobe by {settings_by}, three days before the renewal date"

REASONS: Final[Mapping[Reason, Telling]] = {
    Reason.RENEW_EARLY: Telling(
        Verdict.RENEW, "{present} of {current} licences are renewed for the term from {term}."
    ),
    Reason.RENEW_LATE: Telling(
        Verdict.RENEW,
        "It ended on {term} and can still be renewed: {present} licences are renewed.",
    ),
    Reason.RENEW_LATE_WITH_WARNING: Telling(
        Verdict.RENEW,
        "It ended on {term}, more than 14 days ago; {present} licences are renewed, if Adobe still "
        "takes it.",
    ),
    Reason.GOES_ON: Telling(
        Verdict.RENEW, "An order for {present} licences was begun on an earlier night and goes on."
    ),
    Reason.ASKS: Telling(
        Verdict.HOLD,
        "It can be renewed now, and the row wants to be asked. Nothing was ordered.",
        "Write yes or no in the column renew.",
    ),
    Reason.ASKS_AND_ADOBE_RENEWS: Telling(
        Verdict.HOLD,
        "The row wants to be asked; if nobody does anything, Adobe renews {auto} licences by "
        "itself on {term}.",
        "Write yes or no in the column renew; if it is no, switch the automatic renewal off "
        f"{_SWITCH}.",
    ),
    Reason.NOT_WANTED: Telling(Verdict.NOTHING, "It is not to be renewed. Nothing was ordered."),
    Reason.NOT_WANTED_YET_ADOBE_RENEWS: Telling(
        Verdict.HOLD,
        "It is not to be renewed, yet its automatic renewal is on: Adobe renews {auto} licences "
        "by itself on {term}.",
        f"Switch the automatic renewal off {_SWITCH}.",
    ),
    Reason.NOT_WANTED_YET_ADOBE_WILL_RENEW: Telling(
        Verdict.NOTHING,
        "It is not to be renewed; its automatic renewal is still on, for {auto} licences on "
        "{term}.",
        f"Switch the automatic renewal off {_SWITCH}.",
    ),
    Reason.NOT_DUE: Telling(
        Verdict.NOTHING, "It is not due yet: it can be renewed from {opens} and ends on {term}."
    ),
    Reason.ADOBE_RENEWS: Telling(
        Verdict.NOTHING,
        "Its automatic renewal is on: Adobe renews {auto} licences by itself on {term}, as wanted.",
    ),
    Reason.ADOBE_RENEWS_TOO_DEAR: Telling(
        Verdict.HOLD,
        "Its automatic renewal is on: Adobe renews {auto} licences by itself on {term} for "
        "{change}, against a ceiling of {ceiling}.",
        f"Raise the ceiling price in its row, or switch the automatic renewal off {_SWITCH}.",
    ),
    Reason.ADOBE_WILL_NOT_RENEW: Telling(
        Verdict.HOLD,
        "Its automatic renewal is on, but Adobe no longer renews this product: it ends on {term}.",
        "Choose another product and order it as NEW.",
    ),
    Reason.ADOBE_RENEWS_MORE: Telling(
        Verdict.HOLD,
        "{wanted} licences are wanted, but its automatic renewal is set to {auto}: what is renewed "
        "before {term} would be made up to {auto} by Adobe. Nothing was ordered.",
        f"Set the automatic renewal to {{wanted}} {_SWITCH}.",
    ),
    Reason.AUTO_RENEWAL_DIFFERS: Telling(
        Verdict.HOLD,
        "It is to be renewed as it is, but there are {current} licences now and its automatic "
        "renewal is set to {auto}. Nothing was ordered.",
        "Write in the column quantity how many are wanted.",
    ),
    Reason.RENEWED_ALREADY: Telling(
        Verdict.NOTHING, "{renewed} licences are renewed already{by}. Nothing was ordered."
    ),
    Reason.RENEWED_MORE: Telling(
        Verdict.HOLD,
        "{renewed} licences are renewed already{by}, more than the {wanted} wanted. Nothing was "
        "ordered.",
        "If it is too many, take licences back with a RETURN within 14 days of the order.",
    ),
    Reason.RENEWED_LATE_ALREADY: Telling(
        Verdict.NOTHING,
        "{renewed} licences were renewed already{by}; Adobe's list does not show it yet. Nothing "
        "was ordered.",
    ),
    Reason.MORE_THAN_LAST_TERM: Telling(
        Verdict.HOLD,
        "{wanted} licences are wanted, but a late renewal takes at most the {current} of the last "
        "term. Nothing was ordered.",
        "Write at most {current} in the column quantity, and order the others as NEW afterwards.",
    ),
    Reason.NO_LICENCES: Telling(
        Verdict.NOTHING, "It has no licences that could be renewed. Nothing was ordered."
    ),
    Reason.DAY_HAS_COME: Telling(
        Verdict.NOTHING,
        "Its renewal date {term} has come: Adobe renews or ends it today. Tomorrow night tells.",
    ),
    Reason.BEING_CHANGED: Telling(
        Verdict.NOTHING, "Adobe is still working on an order for it; the next night tells."
    ),
    Reason.BEGINS_BY_ITSELF: Telling(
        Verdict.NOTHING, "It is scheduled and begins by itself on {term}."
    ),
    Reason.WAITS: Telling(
        Verdict.NOTHING,
        "Another renewal of this customer is not finished yet, and Adobe takes one after the "
        "other. It is next when that is done.",
    ),
    Reason.WINDOW_OVER: Telling(
        Verdict.TOO_LATE,
        "It ended on {term}, more than 30 days ago, and cannot be renewed any more.",
        "Order the licences as NEW, or take the row out.",
    ),
    Reason.ENDED: Telling(
        Verdict.TOO_LATE,
        "It has ended and Adobe does not offer to renew it.",
        "Order the licences as NEW, or take the row out.",
    ),
    Reason.UNKNOWN: Telling(
        Verdict.HOLD,
        "Adobe names no renewal date for it, or a status that is not known here. Nothing was "
        "ordered.",
        "Ask Adobe about this subscription.",
    ),
    Reason.DATES_APART: Telling(
        Verdict.HOLD,
        "Its renewal date {term} and the customer's anniversary {anniversary} do not fit together. "
        "Nothing was ordered.",
        "Ask Adobe which of the two counts.",
    ),
    Reason.CHANGED: Telling(
        Verdict.HOLD,
        "It has changed since it was announced on {announced}: {change}. Nothing was ordered.",
        "If that is right, write in the column quantity how many licences are wanted, or change "
        "the ceiling price of its row.",
    ),
    Reason.ROW_FAULTY: Telling(
        Verdict.HOLD,
        "Its row in the renewal book has a mistake. Nothing was ordered.",
        "Mend the row; the sheet Rows to mend says how.",
    ),
    Reason.TWO_BOOKS: Telling(
        Verdict.HOLD,
        "Two renewal books speak of it: {other_book} as well. Nothing was ordered.",
        "Keep it in one of them.",
    ),
    Reason.OURS_DONE: Telling(
        Verdict.NOTHING, "It was renewed with order {order_id}. Nothing more was ordered."
    ),
    Reason.OURS_OPEN: Telling(
        Verdict.NOTHING,
        "Order {order_id} for it was placed and is not finished yet. Nothing more was ordered.",
    ),
    Reason.OURS_IN_DOUBT: Telling(
        Verdict.HOLD,
        "An order for it was sent and it is not known yet what became of it. Nothing more was "
        "ordered.",
        "Wait for the next run, or see orderdrop orders {reference}.",
    ),
    Reason.OURS_FAILED: Telling(
        Verdict.HOLD,
        "Order {order_id} for it was accepted and failed later at Adobe.",
        "Ask Adobe why, then renew it with a RENEWAL row of an order sheet.",
    ),
    Reason.OURS_RETURNED: Telling(
        Verdict.HOLD,
        "It was renewed with order {order_id}, which was returned later. It is not renewed again.",
        "If it is wanted after all, renew it with a RENEWAL row of an order sheet.",
    ),
    Reason.OURS_OF_ANOTHER_QUANTITY: Telling(
        Verdict.HOLD,
        "It was renewed with order {order_id}; {renewed} licences are renewed and {wanted} are "
        "wanted. A term is renewed once. Nothing more was ordered.",
        "Renew the others with a RENEWAL row of an order sheet.",
    ),
}
