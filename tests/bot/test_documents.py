"""Documents that members print and pass on: what stands in them, that figures line up, that no name breaks one."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from matplotlib.image import imread
from pypdf import PdfReader

from bot import texts
from bot.documents import chart, pdf
from bot.documents.lettering import printable
from bot.documents.model import ReceiptDocument, SavingsChart, StatementDocument, StatementRow
from bot.documents.words import Words
from core.money import Money
from ledger.models import MOVEMENTS

FULL_SEAL = "9f3a22c1" + "0123456789abcdef" * 3 + "fedcba98"
SEAL: dict[str, Any] = {
    "seal": "9F3A-22C1",
    "seal_line": 214,
    "full_seal": FULL_SEAL,
    "verify_url": "https://wallet.example.org/seal/UMOJA-7K3M9Q/9F3A-22C1",
    "issued_on": date(2026, 12, 1),
}
ODD_NAMES = [
    "Ọláyẹmí Adéṣọlá", "Efua Mɛnsa-Ɔsɛi", "Kofi Ŋmɛ Ɖotsɛ", "ọ́ ẹ̀ ǹ m̀", "王小明", "محمد علي", "ሰላም", "😀", "", " ",
    "Amina 👩🏾‍🌾 Hassan", "A\nB\tC", "\u202eevil\u202c", "{nb}", "$x^2$ and $5", "**bold**", "<b>&amp;", "\\textbf{x}",
    "x" * 200,
]  # fmt: skip


def kes(shillings: int, cents: int = 0) -> Money:
    return Money(shillings * 100 + cents, "KES")


def row(amount: Money, balance: Money, **changes: Any) -> StatementRow:
    made = StatementRow(date(2026, 9, 2), "contribution", "Nakato", 12, amount, balance)
    return replace(made, **changes)


def a_statement(*lines: StatementRow, **changes: Any) -> StatementDocument:
    made = StatementDocument(
        language="en",
        group_name="Umoja",
        member_name=None,
        period_start=date(2026, 9, 1),
        period_end=date(2026, 11, 30),
        opening=kes(1_000),
        lines=lines,
        total_in=kes(5_000),
        total_out=kes(1_500),
        closing=kes(4_500),
        members=(("Nakato", kes(3_000)), ("Baraka", kes(1_250))),
        **SEAL,
    )
    return replace(made, **changes)


def a_receipt(**changes: Any) -> ReceiptDocument:
    made = ReceiptDocument(
        language="en",
        group_name="Umoja",
        number=12,
        on=date(2026, 9, 2),
        kind="contribution",
        who="Nakato",
        amount=kes(5_000),
        own_balance=kes(12_000),
        group_balance=kes(150_000),
        reversed_by=None,
        **SEAL,
    )
    return replace(made, **changes)


def a_chart(*minor: int, **changes: Any) -> SavingsChart:
    points = tuple((date(2026, 9, 1) + timedelta(days=day), amount) for day, amount in enumerate(minor))
    return replace(SavingsChart("en", "Umoja", "KES", points, (), "the group's money"), **changes)


TWO_LINES = (
    row(kes(5_000), kes(6_000)),
    row(kes(-1_500), kes(4_500), kind="loan_disbursement", who="Baraka", receipt_number=None, on=date(2026, 10, 5)),
)


def pages(document: bytes) -> list[str]:
    """The text of each page, with every kind of space as one."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(document)).pages]


def one_page(document: bytes) -> str:
    (text,) = pages(document)
    return text


# Statements


def test_a_statement_says_whose_it_is_for_when_and_what_it_comes_to() -> None:
    text = one_page(pdf.statement(a_statement(*TWO_LINES)))
    for words in ("Umoja", "Statement of the whole group", "1 Sep 2026 to 30 Nov 2026"):
        assert words in text
    for words in (
        "Opening balance KES 1,000",
        "Money in KES 5,000",
        "Money out KES 1,500",
        "Closing balance KES 4,500",
    ):
        assert words in text
    assert "Issued 1 Dec 2026" in text
    assert "All amounts in KES" in text


def test_every_movement_is_one_line_with_the_balance_after_it() -> None:
    text = one_page(pdf.statement(a_statement(*TWO_LINES)))
    assert "1 Sep 2026 Opening balance 1,000" in text
    assert "2 Sep 2026 R-12 Contribution Nakato 5,000 6,000" in text
    assert "5 Oct 2026 Loan paid out Baraka 1,500 4,500" in text
    assert "Closing balance 4,500" in text


def test_figures_of_one_column_end_at_one_edge() -> None:
    ends: dict[str, float] = {}

    def note(text: str, _: Any, matrix: list[float], font: Any, size: float) -> None:
        if text.strip() in ("6,000", "4,500", "1,000"):
            ends[text.strip()] = matrix[4]

    PdfReader(BytesIO(pdf.statement(a_statement(*TWO_LINES)))).pages[0].extract_text(visitor_text=note)
    assert len(ends) == 3
    assert max(ends.values()) - min(ends.values()) < 0.2, "figures of as many digits begin at one place"


def test_the_groups_statement_lists_each_members_savings_and_their_sum() -> None:
    text = one_page(pdf.statement(a_statement(*TWO_LINES)))
    assert "Savings of each member" in text
    assert "Nakato 3,000 Baraka 1,250" in text
    assert "All members together 4,250" in text


def test_a_members_own_statement_names_only_others_on_its_lines() -> None:
    lines = (TWO_LINES[0], replace(TWO_LINES[1], kind="guarantee"))
    text = one_page(pdf.statement(a_statement(*lines, member_name="Nakato", members=())))
    assert "Statement of Nakato" in text
    assert "R-12 Contribution 5,000" in text
    assert "Guarantee for a loan – Baraka" in text
    assert "Savings of each member" not in text


def test_one_amount_with_cents_gives_all_of_them_cents() -> None:
    text = one_page(pdf.statement(a_statement(row(kes(5_000, 5), kes(6_000, 5)))))
    assert "5,000.05 6,000.05" in text
    assert "Opening balance 1,000.00" in text
    assert ".00" not in one_page(pdf.statement(a_statement(*TWO_LINES)))


def test_a_currency_without_cents_has_none() -> None:
    ugx = Money(1_825_000, "UGX")
    text = one_page(pdf.statement(a_statement(opening=ugx, closing=ugx, total_in=ugx, total_out=ugx, members=())))
    assert "UGX 1,825,000" in text
    assert "." not in text.split("Opening balance")[1].split("All amounts")[0].replace("in this time.", "")


def test_an_empty_time_says_so() -> None:
    text = one_page(pdf.statement(a_statement(total_in=kes(0), total_out=kes(0), closing=kes(1_000))))
    assert "No money came in or went out in this time." in text
    assert "Closing balance KES 1,000" in text


def test_a_balance_below_zero_has_its_sign() -> None:
    text = one_page(pdf.statement(a_statement(row(kes(-1_500), kes(-500)), closing=kes(-500))))
    assert "1,500 −500" in text
    assert "KES −500" in text


def test_a_long_statement_has_every_line_and_the_heads_on_every_page() -> None:
    lines = tuple(row(kes(1), kes(count), receipt_number=count) for count in range(1, 501))
    found = pages(pdf.statement(a_statement(*lines)))
    assert len(found) > 10
    for number, text in enumerate(found, start=1):
        assert f"Page {number} of {len(found)}" in text
    for text in found[:-1]:
        assert "Date Receipt What Who Money in Money out Balance" in text
    numbers = [int(word[2:]) for text in found for word in text.split() if word.startswith("R-")]
    assert numbers == list(range(1, 501))
    assert "Seal 9F3A-22C1" in found[-1]


@pytest.mark.parametrize("count", range(24, 34))
def test_the_seal_is_whole_wherever_the_page_ends(count: int) -> None:
    lines = tuple(row(kes(1), kes(1)) for _ in range(count))
    found = pages(pdf.statement(a_statement(*lines, members=())))
    with_seal = [text for text in found if "Seal 9F3A-22C1" in text]
    assert with_seal == [found[-1]]
    assert "The seal in full" in found[-1]


def test_fifty_members_fit_on_the_following_pages() -> None:
    members = tuple((f"Member {number}", kes(number)) for number in range(50))
    found = " ".join(pages(pdf.statement(a_statement(*TWO_LINES * 12, members=members))))
    assert all(f"Member {number} " in found + " " for number in range(50))
    assert "All members together" in found


# Receipts


def test_a_receipt_says_who_what_when_how_much_and_what_is_there_now() -> None:
    text = one_page(pdf.receipt(a_receipt()))
    for words in ("Receipt R-12", "KES 5,000", "Umoja", "Contribution", "Nakato", "2 Sep 2026", "Issued"):
        assert words in text
    for words in ("Own savings after it", "KES 12,000", "The group's money after it", "KES 150,000", "Page 1 of 1"):
        assert words in text
    assert "no longer counts" not in text


def test_what_is_not_known_or_not_for_everybody_is_left_out_of_a_receipt() -> None:
    text = one_page(pdf.receipt(a_receipt(own_balance=None, group_balance=None)))
    assert "after it" not in text


def test_a_receipt_that_was_reversed_says_so_first() -> None:
    text = one_page(pdf.receipt(a_receipt(reversed_by=15)))
    assert "This receipt no longer counts. It was reversed by R-15." in text
    assert text.index("no longer counts") < text.index("Contribution")


# What both have


@pytest.mark.parametrize("data", [pdf.statement(a_statement()), pdf.receipt(a_receipt())], ids=["statement", "receipt"])
def test_a_document_carries_its_seal_and_how_to_check_it(data: bytes) -> None:
    text = one_page(data)
    assert "Seal 9F3A-22C1" in text
    assert "up to line 214" in text
    assert "check 9F3A-22C1" in text
    assert FULL_SEAL in text.replace(" ", "")
    (link,) = [note.get_object()["/A"]["/URI"] for note in PdfReader(BytesIO(data)).pages[0]["/Annots"]]
    assert link == SEAL["verify_url"]


@pytest.mark.parametrize("data", [pdf.statement(a_statement()), pdf.receipt(a_receipt())], ids=["statement", "receipt"])
def test_a_document_says_its_title_and_language_to_screen_readers(data: bytes) -> None:
    reader = PdfReader(BytesIO(data))
    assert reader.metadata is not None
    assert str(reader.metadata.title).startswith("Umoja: ")
    assert reader.root_object["/Lang"] == "en"


def test_the_same_document_has_the_same_bytes_and_another_day_has_others() -> None:
    assert pdf.statement(a_statement(*TWO_LINES)) == pdf.statement(a_statement(*TWO_LINES))
    assert pdf.receipt(a_receipt()) == pdf.receipt(a_receipt())
    assert pdf.receipt(a_receipt()) != pdf.receipt(a_receipt(issued_on=date(2026, 12, 2)))
    assert chart.savings(a_chart(1, 2)) == chart.savings(a_chart(1, 2))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_no_name_breaks_a_document(name: str) -> None:
    lines = (row(kes(5_000), kes(6_000), who=name),)
    found = pages(pdf.statement(a_statement(*lines, group_name=name, members=((name, kes(1)),))))
    assert "R-12 Contribution" in found[0]
    pages(pdf.statement(a_statement(*lines, member_name=name)))
    assert "R-12" in one_page(pdf.receipt(a_receipt(who=name, group_name=name)))
    assert len(chart.savings(a_chart(5, group_name=name, members=((name, 5),)))) > 10_000


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Ọláyẹmí Adéṣọlá", "Ọláyẹmí Adéṣọlá"),
        ("Kofi Ŋmɛ Ɔsɛi", "Kofi Ŋmɛ Ɔsɛi"),
        ("ọ\u0301 e\u0301", "ọ\u0301 é"),
        ("₦5,000 – ₵20", "₦5,000 – ₵20"),
        ("Amina 👩🏾‍🌾 Hassan", "Amina Hassan"),
        ("王小明", "WangXiaoMing"),
        ("A\nB\u202eC\u200b", "A BC"),
        ("😀", ""),
    ],
)
def test_letters_that_the_font_has_stay_and_others_are_transliterated(written: str, drawn: str) -> None:
    assert printable(written) == drawn


def test_every_movement_of_the_ledger_has_a_name_of_its_own() -> None:
    names = [Words("en").say("document-kind", kind=kind) for kind in MOVEMENTS]
    assert "Other movement" not in names
    assert len(set(names)) == len(MOVEMENTS)
    assert Words("en").say("document-kind", kind="brand_new") == "Other movement"


def test_a_language_without_texts_or_dates_speaks_english_throughout() -> None:
    for language in ("xx", "de", "pcm", ""):
        assert texts.spoken(language) == "en"
        assert Words(language).day(date(2026, 9, 1)) == "1 Sep 2026"
        assert Words(language).money(kes(12_500)) == "KES\u00a012,500"


# Charts


@pytest.mark.parametrize(
    "drawn",
    [
        a_chart(),
        a_chart(members=(("Nakato", 5),)),
        a_chart(0),
        a_chart(5_000_00),
        a_chart(0, 0, 0, members=(("Nakato", 0), ("Baraka", -5))),
        a_chart(-5_000, -100),
        a_chart(1, -1, 10**15, currency="UGX"),
        a_chart(*range(0, 36_500, 100), members=tuple((f"Member {number}", number) for number in range(50))),
    ],
    ids=["nothing", "only members", "nought", "one day", "only noughts", "debts", "extremes", "a year"],
)
def test_a_chart_is_a_square_picture_for_a_phone(drawn: SavingsChart) -> None:
    data = chart.savings(drawn)
    assert data.startswith(b"\x89PNG")
    assert len(data) < 200_000
    assert imread(BytesIO(data)).shape[:2] == (1080, 1080)


def test_more_money_is_more_ink_and_half_the_money_is_half_the_height() -> None:
    """The area under a steady line is in proportion to the amount, because the axis begins at zero."""

    def filled(*minor: int) -> int:
        picture = imread(BytesIO(chart.savings(a_chart(*minor))))[:, :, :3]
        column = picture[266:920, 540]
        return int((abs(column - column[-6]).sum(axis=1) < 0.02).sum())

    half, whole = filled(50_000, 50_000, 100_000), filled(100_000, 100_000, 100_000)
    assert whole == pytest.approx(2 * half, rel=0.05)
