"""Where members want their money: the bank names the holder, the group hears, a day passes."""

from tests.stories.actors import Member, World


def founder(world: World, country: str, channel: str = "sms") -> Member:
    member = world.member("Tunde", channel, country)
    member.founds("Unity")
    return member


def test_in_nigeria_the_bank_names_the_holder_before_anybody_confirms(world: World) -> None:
    tunde = founder(world, "NG")
    tunde.texts("payout account gtbank 0123456789").expects("I check that account")
    asked = tunde.hears("Guaranty Trust Ban", "...789 (")
    assert "0123456789" not in asked
    tunde.texts(f"N {tunde.code('Guaranty')}").expects("I left it")
    tunde.texts("payout account").expects("I do not know yet", "payout account gtbank")


def test_an_unknown_bank_and_an_unknown_number_are_told(world: World) -> None:
    tunde = founder(world, "NG")
    tunde.texts("payout account moonbank 0123456789")
    tunde.hears("I do not know that bank", "payout account gtbank")
    tunde.texts("payout account kuda 0123450000")
    tunde.hears("Kuda Bank has no account with that number")
    tunde.texts("payout account kuda").expects("Write the name and the number")


def test_in_ghana_a_wallet_is_enough(world: World) -> None:
    esi = founder(world, "GH", "whatsapp")
    esi.texts("payout account mtn")
    esi.hears("your money would go to MTN")
    esi.texts(f"Y {esi.code('would go to MTN')}").expects("your money goes to MTN", "All members are told")
    esi.texts("payout account").expects("From", "If this was not you, write: payout account stop")
    esi.texts("payout account stop").expects("Stopped")


def test_a_provider_that_is_away_only_makes_it_later(world: World) -> None:
    tunde = founder(world, "NG")
    world.fault("paystack", "http_500", count=1, path="/bank")
    tunde.texts("payout account zenith 0123456789")
    tunde.hears("Zenith Bank", patience=40)


def test_in_kenya_a_bank_is_not_taken_for_a_phone(world: World) -> None:
    njeri = founder(world, "KE")
    njeri.texts("payout account equity 0123456789012")
    njeri.hears("your money would go to Equity Bank 0123456789012")
    njeri.texts("payout account equity")
    njeri.hears("Equity Bank needs a number that I can read")
    njeri.texts("payout account 0712345678")
    njeri.hears("your money would go to M-PESA +254712345678")
