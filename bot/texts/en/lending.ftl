# Loans: what one costs in money, when it is paid back, who stands for it. Read each one aloud.

## Asking for one

ask-loan = How much do you want to borrow from { $group }? For example: borrow 5000 for 3 months because of school fees
ask-loan-periods = For how many { $period ->
        [weekly] weeks
       *[monthly] months
    }? { $group } lends for { $limit } at most.
ask-loan-reason = What is it for? Everybody who votes will read it. For example: school fees
loan-periods-unreadable = Please write the number of { $period ->
        [weekly] weeks
       *[monthly] months
    }, for example: 3
loan-other-period = { $group } lends by the { $period ->
        [weekly] week
       *[monthly] month
    }. Please say how many { $period ->
        [weekly] weeks
       *[monthly] months
    }, for example: borrow { $plain } for 4 { $period ->
        [weekly] weeks
       *[monthly] months
    }
loan-term_too_long = { $group } lends for { $limit } { $period ->
        [weekly] weeks
       *[monthly] months
    } at most. Please choose a shorter time.
loan-above_savings_limit = By the rules of { $group } you can borrow { $limit } now: { $multiple } times your own savings, less what you owe. Save more, or ask for less.
loan-nothing = By the rules of { $group } you can borrow { $multiple } times your own savings. You have none yet. To save, write for example: contribute 500
loan-too_many_loans = You have a loan from { $group } already. Pay it back first. Write loan to see what is left.
loan-not_enough_cash = { $group } can lend { $limit } now. Ask for less, or wait until more is paid in.
loan-impossible = A loan of { $amount } cannot be paid back in that time with the rounding of { $group }. Please choose a larger amount or a shorter time.
loan-confirm =
    Borrow { $amount } from { $group } for { $reason }? It would { $account ->
        [cash] be paid in cash
       *[other] go to { $account }
    }.

    { $schedule }
    In all you pay back *{ $total }*: the loan costs *{ $cost }* ({ $rate } % a { $period ->
        [weekly] week
       *[monthly] month
    }).{ $guarantors ->
        [0] { " " }The group votes about it.
        [one] { " " }One member must stand for you, then the group votes.
       *[other] { " " }{ $guarantors } members must stand for you, then the group votes.
    }
    .sms = Borrow { $amount } from { $group } ({ $reason })? You pay back { $total }, so it costs { $cost }: { $schedule }.{ $guarantors ->
        [0] { " " }The group votes.
        [one] { " " }One member must stand for you.
       *[other] { " " }{ $guarantors } members must stand for you.
    }
schedule-one = { $total } on { $first }
schedule-same = { $count } times { $amount }, from { $first } to { $until }
schedule-equal = { $count } times { $amount } from { $first } on, the last { $last } on { $until }
schedule-falling = { $count } instalments, from { $amount } on { $first } down to { $last } on { $until }
schedule-lines = { $lines }
schedule-line = { $row }. { $date }: { $amount }
vote-loan = { $name } wants to borrow { $amount } for { $period ->
        [weekly] { $count ->
            [one] 1 week
           *[other] { $count } weeks
        }
       *[monthly] { $count ->
            [one] 1 month
           *[other] { $count } months
        }
    } ({ $reason }). They would pay back { $total }, which brings the group { $cost }. It would be paid { $account ->
        [cash] in cash
       *[other] to { $account }
    }{ $guarantors ->
        [none] { "" }
       *[other] . { $guarantors } would stand for it with their savings
    }. The group then has { $after }.
    .sms = { $name } wants to borrow { $amount } for { $period ->
        [weekly] { $count ->
            [one] 1 week
           *[other] { $count } weeks
        }
       *[monthly] { $count ->
            [one] 1 month
           *[other] { $count } months
        }
    } ({ $reason }) and pay back { $total }, { $account ->
        [cash] in cash
       *[other] to { $account }
    }{ $guarantors ->
        [none] { "" }
       *[other] . Guarantors: { $guarantors }
    }. Group then: { $after }.
short-loan = loan of { $amount } for { $name } ({ $reason })
## Guarantors

loan-name-guarantors = Who stands for you? Write { $count ->
        [one] the name of one member, for example: guarantor Baraka
       *[other] the names of { $count } members, for example: guarantor Baraka, Efua
    }. Each would stand for { $amount } with their savings.
guarantors-asked = I have asked { $names }. As soon as { $count ->
        [one] they say
       *[other] all say
    } yes, the group votes.
guarantor-guarantor_self = You cannot stand for your own loan. Please name another member.
guarantor-guarantor_twice = { $name } has answered already. Please name another member.
guarantor-guarantor_not_member = { $name } is no member of { $group } any more.
guarantor-guarantor_savings = { $name } cannot stand for { $amount } at the moment. Please name another member.
guarantor-guarantors_enough = You have named enough members. I tell you when they have answered.
guarantor-none = You have no loan that waits for somebody to stand for it.
guarantee-ask = { $group }: { $asker } wants to borrow { $amount } for { $period ->
        [weekly] { $count ->
            [one] 1 week
           *[other] { $count } weeks
        }
       *[monthly] { $count ->
            [one] 1 month
           *[other] { $count } months
        }
    } ({ $reason }) and names you as guarantor. { $share } of your savings would be held, and used if the loan is not paid back. Reply Y { $figures } or N { $figures }.
guarantee-yes = Thank you. { $share } of your savings is held for the loan of { $name }. It is set free as the loan is paid back.
guarantee-no = All right, you do not stand for it. { $name } is told.
guarantee-short = You have less than { $share } free now, so you cannot stand for it. { $name } is told.
guarantee-over = That loan no longer waits for a guarantor. Nothing has changed.
guarantee-refused-note = { $group }: { $name } does not stand for your loan of { $amount }. To name another member, write: guarantor Efua
guarantee-lapsed-note = { $group }: { $name } has not answered in 7 days whether to stand for your loan of { $amount }. To name another member, write: guarantor Efua
guarantee-free-note = { $group }: the loan of { $amount } for { $name } is not paid out. Your { $share } are free again.
guarantee-given-note = { $group }: { $name } stands for your loan of { $amount }.
loan-not-asked-note = { $group }: your guarantors said yes, but your loan of { $amount } cannot go to the account you had named any more, so I closed it. Name one with payout account, then ask again.
loan-vote-opened-note = { $group } now votes about your loan of { $amount }, until { $until }. I tell you how it ends.

## Loans that are not paid out

loan-cancel-confirm = Give up the loan of { $amount } from { $group } ({ $reason })? Nothing is paid out then.
loan-cancelled = Done: the loan of { $amount } from { $group } is given up. To ask for another, write for example: borrow { $plain } for 3 months
loan-none-to-cancel = You have no loan from { $group } that waits. To see what you owe, write: loan
loan-under-way = The { $amount } from { $group } are on their way to you. When you have them, you can pay them back: repay all
loan-lapsed-unpaid = { $group }: your loan of { $amount } was not paid out in 30 days, so it is closed. To ask again, write: borrow { $plain }
loan-lapsed-unready = { $group }: your loan of { $amount } waited too long for guarantors, so it is closed. To ask again, write: borrow { $plain }

## Paying back

loan-none = You have no loan from { $group }. To ask for one, write for example: borrow 5000 for 3 months
loan-waiting = Your loan of { $amount } from { $group } { $state ->
        [asked] waits for the group's decision
       *[approved] is decided and on its way to you
    }.
loan-state =
    {"*"}{ $group }*: you owe { $principal } of your loan.
    { $overdue ->
        [none] Next: *{ $next }* on { $date }.
       *[other] *{ $overdue } is late* (since { $date }). Please pay it, or talk to an officer of your group.
    }
    To be done with it today: { $settle }. Write for example: repay { $plain }
    .sms = { $group }: you owe { $principal } of your loan. { $overdue ->
        [none] Next: { $next } on { $date }.
       *[other] { $overdue } is late since { $date }. Please pay it, or talk to an officer.
    } All of it today: { $settle }. Write for example: repay { $plain }
loan-other = { $words } You have { $count ->
        [one] one more loan
       *[other] { $count } more loans
    }; the oldest is paid first.
ask-repayment = How much do you want to pay back? { $next } is next, { $settle } is all of it. For example: repay { $plain }
repay-too-much = You owe { $limit } only, and by the rules of { $group } nobody pays more. Write: repay all
repay-savings-confirm = Pay back { $amount } ({ $parts }) out of your savings in { $group }? You then have { $own } saved.
repay-savings-short = You have { $limit } of free savings. Please write a smaller amount.
repaid-from-savings = Done: { $amount } paid back out of your savings. Receipt R-{ $number }, seal { $seal }. { $left }
part-principal = { $amount } loan
part-interest = { $amount } interest
part-penalty = { $amount } penalty
part-fee = { $amount } fee
left-nothing = Your loan is paid back. Thank you!
left-late = Still owed: { $principal }, of which { $overdue } is late.
left-some = Still owed: { $principal }, next { $next } on { $date }.
repayment-receipt =
    {"*"}Receipt { $number }*
    { $amount } paid back to { $group }. Thank you, { $name }!

    { $left }
    Seal of the book: *{ $seal }*
    .sms = Receipt { $number }: { $amount } paid back to { $group }. { $left } Seal { $seal }. Thank you, { $name }!
repayment-note = { $name } paid back { $amount } to { $group }. The group now has { $total }.
loan-started =
    Your loan from { $group } has begun. You pay back:
    { $schedule }
    To pay, write for example: repay { $plain }
    .sms = Your loan from { $group }: you pay back { $schedule }. To pay, write for example: repay { $plain }
penalty-charged = { $group }: an instalment of your loan is late, so by the group's rule { $amount } was added. To pay, write: repay { $plain }. If it is hard at the moment, talk to an officer.

## Giving a loan up

write-off-how = Whose loan, and why? Write for example: write off Baraka because he is ill
write-off-none = { $name } has no loan that could be written off.
write-off-confirm = Ask { $group } to write off { $amount } that { $name } owes? Everybody will read: { $reason }.
vote-write_off = { $name } asks to write off { $amount } of the loan of { $payee } ({ $reason }). { $held ->
        [none] The group loses that money.
       *[other] The guarantors pay { $held } more, the group loses the { $amount }.
    }
short-write_off = writing off { $amount } of { $payee }
