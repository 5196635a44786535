# What the group decides, and money that goes out. Read each one aloud.
# `vote-…` is the question of a ballot, `short-…` names it in a list or a result.

## One's own word

confirm =
    { $words }

    Reply *1* for yes, *2* for no.
    .sms = { $words } Reply { $figures } for yes, 0 for no.
confirm-wrong-code = That is not the code. Look at my last question and reply with its four figures, or 0 to leave it.
confirm-needs-code = To do it, reply with the four figures { $figures }. To leave it, reply 0.
vote-needs-code = Please write the code too, from my message: Y and its four figures. To see it again, write: vote
code-length = The code has four figures, for example: Y 4821
confirm-expired = My question was good for ten minutes, so I left it. Nothing was done. Please write your request again.
confirm-too-many = There were too many wrong codes today, so until tomorrow I take nothing by SMS that needs one. WhatsApp still works. If this was not you, tell an officer.
confirm-stopped = Three wrong codes, so I left it. Nothing was done. Please write your request again.

## Ballots

ballot =
    {"*"}{ $group }* votes:
    { $question }

    Reply *Y { $figures }* for yes or *N { $figures }* for no, until { $until }.
    .sms = { $group } votes: { $question } Reply Y { $figures } or N { $figures } by { $until }.
ballot-reminder =
    {"*"}{ $group }* still waits for your vote:
    { $question }

    Reply *Y { $figures }* or *N { $figures }*, until { $until }.
    .sms = { $group } asks again: { $question } Reply Y { $figures } or N { $figures } by { $until }.
button-yes = Yes
button-no = No
vote-withdrawal = { $name } wants to take { $amount } out of their savings{ $to ->
        [own] { "" }
       *[other] { " " }for { $payee }
    } ({ $reason }). It would { $account ->
        [cash] be handed over in cash
       *[other] go to { $account }
    }{ $holder ->
        [none] { "" }
       *[other] { " " }({ $holder })
    }. The group then has { $after }.
    .sms = { $name } wants { $amount } of own savings{ $to ->
        [own] { "" }
       *[other] { " " }for { $payee }
    } ({ $reason }), { $account ->
        [cash] in cash
       *[other] to { $account }
    }. Group then: { $after }.
short-withdrawal = { $amount } to { $payee } ({ $reason })
vote-reversal = { $name } asks to reverse receipt R-{ $receipt }, { $amount } of { $payee }: { $reason }.
short-reversal = reversing R-{ $receipt }
vote-counted = Your { $choice ->
        [yes] yes
       *[no] no
    } counts. { $yes } of { $eligible } say yes, { $needed } are needed.
vote-decided = Your { $choice ->
        [yes] yes
       *[no] no
    } has decided it: { $state ->
        [passed] the group says yes ({ $yes } of { $eligible }).
       *[failed] the group says no ({ $no } of { $eligible } against).
    }
vote-already = You have voted { $choice ->
        [yes] yes
       *[no] no
    } before, and that stays. { $yes } of { $eligible } say yes, { $needed } are needed.
vote-closed = This vote is over: { $state ->
        [passed] the group said yes.
        [withdrawn] it was taken back.
        [void] what was asked has changed, so it no longer counts.
       *[failed] the group said no.
    } Your answer came after that and changes nothing.
vote-late = The time for this vote is over, so your answer does not count.
vote-not_eligible = You have no vote in this one: those vote who were members when it was asked{ $abstains ->
        [yes] , and by the group's rule not whoever gets the money
       *[no] { "" }
    }.
vote-left = Only members of the group can vote.
vote-unknown = I do not know this vote. Write vote to see what your group votes about.
vote-which =
    Open votes in *{ $group }*:
    { $lines }
    .sms = { $group } votes: { $lines }
vote-line = { $what }. { $yes } of { $eligible } say yes, { $needed } needed. { $choice ->
        [yes] You said yes.
        [no] You said no.
        [none] You have no vote.
        [many] Write vote again tomorrow for a code.
       *[silent] Reply Y { $figures } or N { $figures }.
    }
asked-cash_in = { $amount } in cash that an officer wrote down: did it happen?
asked-cash_out = { $amount } in cash from the box: was it handed over?
asked-guarantee = Do you stand for { $amount } of the loan of { $name }?
asked-payout_account = { $account }: is that your payout account?
waiting-line = { $what } Reply Y { $figures } or N { $figures }.
vote-none = { $group }: nothing is being voted about. To ask for money, write for example: withdraw 5000 for school fees
code-wrong = That is not a code of yours. { $left ->
        [one] One more wrong code cancels them.
       *[other] Look at my message and write it again, for example: Y 4821
    }
codes-cancelled = Three wrong codes, so I cancelled them. Nothing was counted. Write vote to get a new one.
code-none = I have asked you nothing that still waits for a code. Write vote to see what waits for your answer.
code-over = That code is no longer good. Write vote to see the open votes.
button-old = That button is no longer good. Nothing was done. Write vote to see the open votes.
answered-before = You have answered that before. Nothing has changed.
ask-choice = Is it yes or no? Reply Y { $figures } for yes or N { $figures } for no.
taken-back = Taken back. { $group } is told that the vote is over.
take-back-confirm = Take back your question to { $group }: { $what }?
take-back-none = You have no open question to your group.
asked-the-group = { $group } votes now. { $eligible ->
        [one] One member
       *[other] { $eligible } members
    } can vote, { $needed } must say yes, until { $until }.{ $counted ->
        [yes] { " " }Your own yes counts already.
       *[no] { "" }
    } I tell you how it ends.
decided-at-once = { $group } has decided: yes. { $result ->
        [done] It is done.
        [under_way] The payout begins.
       *[other] It cannot be carried out now: { $problem }.
    }
vote-ended = { $state ->
        [passed] { $group } has voted yes ({ $yes } of { $eligible }): { $what }.
        [withdrawn] { $group }: { $asker } took the question back: { $what }.
        [void] { $group }: the vote about { $what } does not count any more, since { $why ->
            [account_changed] the account was changed. { $asker } can ask again.
            [member_left] a member has left.
           *[other] what was asked has changed.
        }
       *[failed] { $why ->
            [deadline] { $group }: too few voted yes in time ({ $yes } of { $eligible }, { $needed } needed), so it is no: { $what }.
           *[other] { $group } has voted no ({ $no } of { $eligible } against): { $what }.
        }
    }{ $result ->
        [under_way] { " " }The money is on its way.
        [by_hand] { " " }It is handed over in cash.
        [stuck] { " " }It cannot be done now: { $problem }. { $asker } can write: try again
        [undone] { " " }It cannot be done: { $problem }. It has to be asked anew.
       *[done] { "" }
    }
problem-insufficient_funds = there is not enough free money
problem-not_enough_cash = there is not enough free money
problem-already_carried_out = it is being done already
problem-not_voted = no vote allows it any more
problem-not_a_member = they are no member any more
problem-last_chair = the group would have no chair
problem-stands_for_others = they stand for the loan of another member
problem-money_under_way = money is on its way to them
problem-still_owes = something must be settled first
problem-stale_version = the rule has been changed since
problem-subject_changed = the account or the loan has changed since
problem-above_savings_limit = it would be more than the rules allow to borrow now
problem-no_loan = that loan was given up
problem-other = something has changed since
try-again-confirm = Try once more to pay: { $what }? It goes to the same account.
try-again-none = Nothing of yours waits for another try.
try-again-started = All right, I try again. The money goes to the same account. I tell you how it ends.
try-again-stuck = It is still not possible: { $problem }.

## Withdrawals

ask-withdrawal = How much do you want to take out of { $group }? You have { $own }. For example: withdraw 5000 for school fees
ask-withdrawal-reason = What is it for? Everybody who votes will read it. For example: school fees
withdraw-confirm = Take { $amount } out of your savings in { $group }{ $to ->
        [own] { "" }
       *[other] { " " }for { $payee }
    }, { $account ->
        [cash] in cash
       *[other] to { $account }
    } ({ $reason })?{ $fee ->
        [none] { "" }
       *[other] { " " }Fee { $fee }.
    } You then have { $own }. The group votes about it.
    .sms = { $group }: take { $amount } of your savings{ $to ->
        [own] { "" }
       *[other] { " " }for { $payee },
    } { $account ->
        [cash] in cash
       *[other] to { $account }
    } ({ $reason })? { $fee ->
        [none] You then
       *[other] Fee { $fee }, you then
    } have { $own }. The group votes.
withdraw-no-account = First tell me where your money should go. Write for example: payout account { $example }
withdraw-account-waits = Your new account { $account } can be used from { $until } on. A new account always waits a day.
withdraw-payee-no-account = { $payee } has told me no account yet. { $payee } writes: payout account { $example }
withdraw-too-much = You can take out { $limit } now.{ $held ->
        [none] { "" }
       *[other] { " " }{ $held } of your savings is held.
    } Please write a smaller amount.
withdraw-nothing = You have no free savings in { $group }{ $held ->
        [none] { "" }
       *[other] : { $held } is held
    }.
withdraw-no-cash = { $group } can pay out { $limit } { $place ->
        [box] from the cash box
       *[other] through the payment service
    } now. Please write a smaller amount, or wait until more is paid in.
withdraw-above-rule = By the rules of { $group } the most at once is { $limit }.
withdraw-open = You have already asked for { $amount } ({ $reason }), and that vote is still open. To take it back, write: take back
withdraw-decided = The group has decided your { $amount }, and it has not arrived. To have it sent again, write: try again
withdraw-who = Who gets it: you, or { $name }? For { $name } write: withdraw { $amount } to { $name } for school fees. For you, leave the name out.
withdraw-too-little = You have { $own }. After the fee that is too little to send. In cash it costs nothing, for example: withdraw all in cash for food
payout-below = The smallest payout is { $limit }. Please write a larger amount.
payout-above = The payment service pays out { $limit } at most at once. Please write a smaller amount.
payout-no-currency = Payouts in { $currency } are not possible yet.

## Money that went out

paid-out =
    {"*"}{ $group }*: { $kind ->
        [loan] the loan of { $amount } was paid to { $payee }
       *[other] { $amount } was paid to { $payee } ({ $reason })
    }, { $account ->
        [cash] in cash
       *[other] into { $account }
    }. { $yes } of { $eligible } had said yes. The group has *{ $total }*. Receipt { $number }, seal *{ $seal }*.
    .sms = { $group }: { $kind ->
        [loan] the loan of { $amount } was paid to { $payee }
       *[other] { $amount } was paid to { $payee } ({ $reason })
    }, { $account ->
        [cash] in cash
       *[other] into { $account }
    }. { $yes } of { $eligible } said yes. The group has { $total }. Receipt { $number }, seal { $seal }.
payout-failed = { $group }: the { $amount } for { $payee } did not arrive ({ $account }). The money is safe in the group. { $asker } can write: try again
payout-returned = { $group }: the { $amount } for { $payee } came back from { $account }. It is in the group again. { $asker } can write: try again
cash-due-officer = { $group } has decided: { $amount } in cash for { $payee }. Give it from the box, then write: cash { $plain } to { $payee }
cash-due-payee = { $group } has decided: { $amount } in cash for you. An officer gives it to you; then I ask you whether you have it.

## Payout accounts

account-none = I do not know yet where your money from { $group } should go. Write for example: payout account { $example }
account-shown = Your money from { $group } goes to { $account }. To change it, write for example: payout account { $example }
account-shown-coming = { $now ->
        [none] No account is usable yet.
       *[other] Your money from { $group } goes to { $now }.
    } From { $until } on, it goes to { $account }. If this was not you, write: payout account stop
account-checking = I check that account with the payment service. In a moment I ask you whether it is right.
account-unreadable = I could not read that. Write the name and the number, for example: payout account { $example }
account-too-many = That is enough new accounts for one day. Please try again tomorrow.
account-ask = { $group }: your money would go to { $account }. Is that right? Reply Y { $figures } for yes, N { $figures } for no.
account-bank_unknown = I do not know that bank. Please write its usual name and the number, for example: payout account { $example }
account-number_unreadable = { $bank } needs a number that I can read. Please write both, for example: payout account { $example }
account-number_unknown = { $bank } has no account with that number. Please check it, then write: payout account { $example }
account-confirmed = Thank you. From { $until } on, your money goes to { $account }. All members are told. If this was not you, write: payout account stop
account-refused = All right, I left it. To name another account, write for example: payout account { $example }
account-stopped = Stopped. { $account } will not be used.{ $now ->
        [none] { "" }
       *[other] { " " }Your money goes to { $now } as before.
    }
account-stop-none = There is no new account that waits.
account-changed = { $group }: from { $until } on, money for { $name } goes to { $account }. Does that look wrong? Ask { $name } before you vote.
account-changed-own = { $group }: from { $until } on, your money goes to { $account }. If this was not you, write: payout account stop
account-stopped-note = { $group }: { $name } has stopped the change to { $account }. It will not be used.
