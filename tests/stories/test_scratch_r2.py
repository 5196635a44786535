import time
from tests.stories.actors import World
def show(m, said):
    m.texts(said); print(f"  {m.channel[:2]} > {said!r}"); [print(f"     {r['text']!r} [{r.get('segments')}]") for r in m.replies]; return m
def inbox(*ms, wait=2.5):
    time.sleep(wait)
    for m in ms:
        box = m.inbox()
        if not m._oldest_first(): box = box[::-1]
        n = getattr(m, "seen", 0)
        for x in box[n:]: print(f"     -> {m.name} {m.channel[:2]}: {x['text']!r} [{x.get('segments')}] {[b['title'] for b in x['buttons']] if x['buttons'] else ''}")
        m.seen = len(box)
def test_ke(world: World):
    code, (a, b, c) = world.circle("sms", "whatsapp", "sms")
    a.saves("10000"); b.saves("5000"); inbox(a,b,c)
    for s in ["payout account", "payout account cancel", "payout account equity 1234567890123", "payout account stop", "payout account mpesa 071234", "payout account 0712345678 mpesa"]: show(a, s); inbox(a)
    show(a, "Y"); show(a, "payout account mpesa"); inbox(a)
    show(b, "payout account help"); inbox(b); show(b, "yes"); show(b, f"N {b.code('your money would go to')}"); show(b, "payout account mpesa"); inbox(b); show(b, "payout account"); b.votes("Y", "your money would go to"); inbox(a,b,c); show(b, "payout account"); show(b, "withdraw 100 for x"); show(b, "payout account stop"); inbox(a,b,c); show(b, "payout account stop")
def test_ng(world: World):
    a = world.member("Ama", "sms", "NG"); code = a.founds("Ajo"); b = world.member("Tunde", "whatsapp", "NG"); b.joins(code); inbox(a,b)
    show(a, "payout account"); show(a, "payout account 0123456789"); inbox(a)
    for s in ["payout account gtbank 0123456789", "payout account gt bank 0123456789", "payout account Guarantee Trust Bank 0123456789"]: show(a, s); inbox(a)
    for s in ["payout account firts bank 0123456789", "payout account bank 0123456789", "payout account kuda 01234567"]: show(b, s); inbox(b)
    c = world.member("Chidi", "sms", "NG"); c.joins(code); inbox(c)
    for s in ["payout account zenith bank of nigeria plc 2087654321", "payout account UBA 2087654321.", "payout account my account is uba 2087654321"]: show(c, s); inbox(c)
    show(c, "payout account access 2087654321"); show(a, f"y {a.code('your money would go to')}"); inbox(a,b,c)
