# Cash into the box and out of it. Read each one aloud.

cash-how = Write for example: cash 500 from Baraka, or: cash 500 from Baraka for loan. What you hand out: cash 2000 to Baraka
cash-in-confirm = Did you get { $amount } in cash from { $payee }{ $loan ->
        [yes] { " " }for their loan
       *[no] { "" }
    }, for the box of { $group }? Then { $witness ->
        [same] { $payee }
       *[other] { $witness }
    } is asked to confirm it.
cash-out-confirm = Did you give { $payee } { $amount } in cash from the box of { $group }? Then { $witness ->
        [same] { $payee }
       *[other] { $witness }
    } is asked to confirm it.
cash-in-asked = Thank you. I ask { $payee } whether that is right. The { $amount } count as soon as I hear yes, within 7 days.
cash-out-asked = Thank you. I ask { $payee } whether the { $amount } have arrived. Then everybody gets the receipt.
cash-in-own = Nobody confirms their own cash: another officer of { $group } has to write that down. There is none yet; write for example: make Baraka treasurer
cash-out-own = Nobody confirms their own cash: another officer of { $group } has to hand it out. There is none yet; write for example: make Baraka treasurer
cash-in-above = By the rules of { $group } the largest contribution is { $limit }. Please write a smaller amount.
cash-in-no-loan = { $payee } has no loan to pay back. For their savings, write: cash { $plain } from { $payee }
cash-out-none = { $group } has decided nothing that is to be handed out in cash. Money leaves the box only by vote.
cash-out-which =
    { $group } has not decided exactly that. To be handed out from the box:
    { $lines }
    .sms = { $group } has not decided exactly that. To be handed out:
    { $lines }
cash-in-ask =
    {"*"}{ $group }*: { $officer } writes that { $to ->
        [own] you gave { $amount } in cash
       *[other] { $name } put { $amount } in cash into the box
    }{ $loan ->
        [yes] { " " }for { $to ->
            [own] your
           *[other] their
        } loan
       *[no] { "" }
    }. Is that right? Reply *Y { $figures }*. If not, reply *N { $figures }*.
    .sms = { $group }: { $officer } writes that { $to ->
        [own] you gave { $amount } in cash
       *[other] { $name } put { $amount } in cash into the box
    }{ $loan ->
        [yes] { " " }for { $to ->
            [own] your
           *[other] their
        } loan
       *[no] { "" }
    }. Right? Reply Y { $figures }. If not, reply N { $figures }.
cash-out-ask =
    {"*"}{ $group }*: { $officer } writes that { $to ->
        [own] you
       *[other] { $name }
    } got { $amount } in cash from the box. Is that right? Reply *Y { $figures }*. If not, reply *N { $figures }*.
    .sms = { $group }: { $officer } writes that { $to ->
        [own] you
       *[other] { $name }
    } got { $amount } in cash from the box. Right? Reply Y { $figures }. If not, reply N { $figures }.
cash-in-confirmed = Thank you. The { $amount } are in the box of { $group }. The receipt follows.
cash-in-refused = All right: the { $amount } do not count, and the officers of { $group } are told. If money is missing, talk to them.
cash-in-impossible = The { $amount } cannot be booked as they were written down: the loan has changed since. Ask an officer of { $group } to write it again.
cash-out-confirmed = Thank you. The { $amount } from the box of { $group } are yours. Everybody gets the receipt.
cash-out-refused = All right: nothing is booked. The officers of { $group } hear that the { $amount } have not arrived.
cash-over = That is over already. Write history to see what was booked.
cash-cancelled-own = { $group }: the { $amount } in cash that were written down for you were not confirmed, so they do not count.
cash-cancelled-officer = { $group }: the { $amount } in cash from { $name } were not confirmed, so they do not count. Talk to { $name }, then write it again.
cash-expired-own = { $group }: nobody confirmed your { $amount } in cash within 7 days, so they do not count. Ask an officer to write it again.
cash-expired-officer = { $group }: nobody confirmed the { $amount } in cash from { $name } within 7 days, so they do not count. Talk to { $name }, then write: cash { $plain } from { $name }
cash-missing = { $group }: { $name } says that the { $amount } in cash have not arrived. It stays to be handed over. When it is done, write: cash { $plain } to { $name }
cash-out-expired-own = { $group }: nobody has confirmed in 30 days that you got the { $amount } in cash, so it is closed and nothing is booked. If you have the money, tell an officer.
cash-out-expired-officer = { $group }: nobody has confirmed in 30 days that { $name } got the { $amount } in cash, so it is closed and nothing is booked. Please count the box. If it is still to be paid, the group votes anew.
cash-out-cancelled-own = { $group }: { $asker } has taken back the { $amount } in cash for you. The money stays in the group.
cash-out-cancelled-officer = { $group }: { $asker } has taken back the { $amount } in cash for { $name }. Please do not hand it over: it stays in the box.
cash-take-back-confirm = Take back the { $amount } in cash that { $group } has decided? The money stays in the group.
cash-taken-back = Taken back: the { $amount } stay in { $group }, and its officers are told. If you want it after all, write: try again
cash-handed-over = An officer of { $group } says that the { $amount } were handed over, so they cannot be taken back. If they have not arrived, answer N to my question, and talk to the officers.
