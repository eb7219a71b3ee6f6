"""The codes that no call to the embedded marketplace gets, each with its reason."""

from __future__ import annotations

_OLD_CANCEL_CALL = "Belongs to the old cancel call, which v3 no longer has (section 10)."
_WORDS_INSTEAD = (
    "Published as 422 with words on one page and as 400 with 2127 on another; the server "
    "answers with the words (section 20)."
)
_JUNE_2026 = "A reason word of June 2026 without a rule that says when it comes (section 20)."
_OF_THE_CLIENT = "No answer of a server: the client's own name for what became of its call."

NOT_REACHABLE: dict[str, str] = {
    "1123": "Withdrawn: references need not be unique (section 8.1).",
    "2117": _OLD_CANCEL_CALL,
    "2118": _OLD_CANCEL_CALL,
    "2127": _WORDS_INSTEAD,
    "2127/SWITCH_ORDER_CANCELLATION_NOT_ALLOWED": _WORDS_INSTEAD,
    "2127/THREE_YEAR_COMMIT": _WORDS_INSTEAD,
    "2127/PARTIAL_CANCELLATION_NOT_ALLOWED_FOR_SCP_OR_CONSUMABLE": _WORDS_INSTEAD,
    "2141/INELIGIBLE_COMMITMENT_STATUS": _JUNE_2026,
    "2141/INELIGIBLE_COMMITMENT_STATUS_OR_COMMIT_QUANTITY": _JUNE_2026,
    "2141/INELIGIBLE_COMMITMENT_STATUS_OR_PERCENT_SEATS": _JUNE_2026,
    "2141/INELIGIBLE_COMMITMENT_STATUS_OR_NOT_ELIGIBLE": _JUNE_2026,
    "2141/SEAT_UPGRADE_PERCENTAGE_NOT_MET": _JUNE_2026,
    "3117": "No call sends a current quantity: it is read-only, 1119 in a patch (section 16.3).",
    "3118": "No call on subscriptions sends an ordered quantity; on orders it is 2120.",
    "5126": "No condition on the present quantity is published; the renewal's is 5124.",
    "5131": "No call on subscriptions sends an ordered quantity (section 16.3).",
    "NET/NOT_SENT": _OF_THE_CLIENT,
    "NET/NO_ANSWER": _OF_THE_CLIENT,
    "NET/BAD_ANSWER": _OF_THE_CLIENT,
}
