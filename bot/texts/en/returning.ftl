# Money that goes back: refunds, disputes, and what a payment service takes back. Read each one aloud.

## An officer gives a payment back

refund-how = Which payment, and why? Write for example: refund R-12 paid twice
refund-why = Please say why, since the payer and the officers will read it. For example: refund { $number } paid twice
refund-confirm = Give { $amount } back to { $name } ({ $number }, { $reason })? { $witness ->
        [none] The group votes about it.
       *[other] Then { $witness } is asked to confirm it.
    }
refund-asked = Thank you. I ask { $witness } to confirm it. The { $amount } go back as soon as I hear yes, within 7 days.
refund-ask =
    {"*"}{ $group }*: { $officer } wants to give { $amount } back to { $name } ({ $number }, { $reason }). Is that right? Reply *Y { $figures }*. If not, reply *N { $figures }*.
    .sms = { $group }: { $officer } wants to give { $amount } back to { $name } ({ $number }, { $reason }). Right? Reply Y { $figures }. If not, reply N { $figures }.
asked-refund = Do the { $amount } go back to { $name }?
vote-refund = { $name } asks to give { $amount } back to { $payee } through the payment service (R-{ $receipt }): { $reason }.
short-refund = giving R-{ $receipt } back
refund-confirmed = Thank you. The { $amount } are on their way back to { $name }. It can take some days; I tell you when they have arrived.
refund-refused = All right: the { $amount } stay in { $group }, and its officers are told.
refund-impossible = The { $amount } cannot go back now: they were used since, or it is more than officers may decide. An officer of { $group } can ask again.
refund-over = That is over already, or on its way. Write history to see what was booked.
refund-no-officer = Only an officer of { $group } can confirm that.
refund-no-already_reversed = { $number } was reversed before.
refund-no-not_refundable = { $number } did not come in through the payment service, so it cannot go back that way. For cash that was written down wrongly, write: reverse { $number } and why
refund-no-insufficient_funds = { $number } cannot go back: its money has been used since.
refund-no-refund_of_loan = { $number } paid a loan back, and that stays as it is. If it was too much, the member can ask for it with: withdraw
refund-no-refund_open = { $number } is on its way back already. I tell you when it has arrived.
refund-no-refund_asked = { $number } is asked for already, and another officer has still to confirm it.
refund-no-refunded = { $number } went back before. It cannot go back twice.
refund-no-refund_disputed = The bank of the payer asks for { $number } already. Please wait until that is decided.

## What comes of it

refund-ended = { $group }: the { $amount } do not go back to { $name }: { $why ->
        [no] an officer said no.
        [changed] they were used since, or it is more than officers may decide.
       *[other] nobody confirmed it within 7 days.
    }
refund-begun = { $group }: { $amount } are on their way back to { $name } ({ $reason }). It can take some days; I tell you when they have arrived.
refund-begun-own = { $group }: your { $amount } are on their way back to you ({ $reason }), to where you paid from. It can take some days.
refunded = { $group }: { $amount } are back with { $name }. Receipt { $number }, seal { $seal }.
refunded-own = { $group }: your { $amount } are back with you. In the group you now have { $own }. Receipt { $number }, seal { $seal }.
refund-failed = { $group }: the { $amount } could not go back to { $name }. They stay in the group, and nothing is lost. You can try again with: refund
refund-failed-own = { $group }: the { $amount } could not go back to you. They are still yours, in the group. Please talk to an officer.
refund-held = { $group }: the { $amount } for { $name } have not gone back yet. A person is checking it; the money is kept for it.
refund-held-own = { $group }: your { $amount } have not come back to you yet. A person is checking it; the money is kept for you.
refund-slow = { $group }: the { $amount } are still on their way back to { $name }. That can take two weeks. You need do nothing.
refund-slow-own = { $group }: your { $amount } are still on their way back to you. That can take two weeks. You need do nothing.

## What a bank or a payment service takes back

dispute-opened = { $group }: the bank of { $name } asks for { $amount } back that { $name } paid in. { $held ->
        [none] Nothing is left of it to keep aside.
       *[other] What is left of it is kept aside until that is decided.
    } Please show what it was for{ $until ->
        [none] { "" }
       *[other] { " " }by { $until }
    }.
dispute-won = { $group }: the { $amount } that the bank of { $name } asked for stay in the group. They are free again.
dispute-won-held = { $group }: the bank of { $name } no longer asks for the { $amount }, but the payment service has not brought them back yet. A person is checking it.
charged-back = { $group }: the payment service took back { $amount } of { $name }. { $owed ->
        [none] { $held ->
                [none] Their savings are less by that.
               *[other] Their savings did not cover it: the group lost { $held }.
            }
       *[other] It had paid back a loan: { $owed } of it are owed again.{ $held ->
                [none] { "" }
               *[other] { " " }The group lost { $held }.
            }
    } Receipt { $number }, seal { $seal }.
charge-returned = { $group }: the payment service brought back the { $amount } of { $name } that it had taken. Receipt { $number }, seal { $seal }.
charged-twice = { $group }: the bank of { $name } took { $amount } that had gone back already, so it got them twice. The group bears it; talk to { $name }. Receipt { $number }, seal { $seal }.
return-held = { $group }: the payment service took back { $amount } of { $name }, and the book does not show it yet. A person is checking it.
