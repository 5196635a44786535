# How the group governs itself: its rules, its offices, and members who go. Read each one aloud.

## Rules

rules-saving =
    {"*"}Rules of { $group }*
    Up to { $members } members. One contribution: { $contribution }. One withdrawal: { $withdrawal }. The payment fee is paid by { $bearer ->
        [group] the group
       *[payer] the member
    }. A mistake of up to { $reversal } of the group's money can be reversed by an officer, above that by vote.
    .sms = { $group }: up to { $members } members. One contribution: { $contribution }. One withdrawal: { $withdrawal }. Payment fee: { $bearer ->
        [group] the group
       *[payer] the member
    } pays. An officer may reverse mistakes of up to { $reversal } of the money.
rules-more = { $page } More: rules loans, rules repaying, rules voting
rules-loans =
    {"*"}Loans*
    { $rate } a { $span ->
        [weekly] week
       *[monthly] month
    }: { $borrowed } borrowed for a { $span ->
        [weekly] week
       *[monthly] month
    } costs { $cost }. Interest counts on { $way ->
        [flat] the whole loan to the end
       *[other] what is still owed
    }. At most { $longest } { $span ->
        [weekly] weeks
       *[monthly] months
    }, { $times } times one's own savings, { $most ->
        [one] one loan
       *[other] { $most } loans
    } at a time, { $backers ->
        [0] no guarantor
        [one] one guarantor
       *[other] { $backers } guarantors
    }.
    .sms = { $group }, loans: { $rate } a { $span ->
        [weekly] week
       *[monthly] month
    } ({ $borrowed } for a { $span ->
        [weekly] week
       *[monthly] month
    } costs { $cost }), on { $way ->
        [flat] the whole loan
       *[other] what is still owed
    }. At most { $longest } { $span ->
        [weekly] weeks
       *[monthly] months
    }, { $times } times one's savings, { $most ->
        [one] one loan
       *[other] { $most } loans
    } at a time, { $backers ->
        [0] no guarantor
        [one] one guarantor
       *[other] { $backers } guarantors
    }.
rules-repaying =
    {"*"}Paying back*
    { $charged ->
        [yes] Whoever is more than { $patience } late pays { $late_rate } of the { $base ->
            [instalment] instalment that is
           *[principal] principal that is
        } late.
       *[no] Nothing is charged for being late.
    } Interest is rounded to { $rounding ->
        [none] the smallest coin
       *[other] { $rounding }
    }{ $step ->
        [none] { "" }
       *[other] , instalments are multiples of { $step }
    }. Paying more than is owed { $overpayment ->
        [refuse] is refused
       *[savings] adds to one's savings
    }.
    .sms = { $group }: { $charged ->
        [yes] whoever is more than { $patience } late pays { $late_rate } of the { $base ->
            [instalment] instalment that is
           *[principal] principal that is
        } late.
       *[no] nothing is charged for being late.
    } Interest is rounded to { $rounding ->
        [none] the smallest coin
       *[other] { $rounding }
    }{ $step ->
        [none] { "" }
       *[other] , instalments are multiples of { $step }
    }. Paying more than is owed { $overpayment ->
        [refuse] is refused
       *[savings] adds to one's savings
    }.
rules-voting =
    {"*"}Votes*
    A vote is open for { $hours } and passes when 51 % of all members say yes. Whoever gets the money { $abstains ->
        [yes] has no vote
       *[no] votes too
    }. An officer proposes another rule like this: *rule interest 3*
    .sms = { $group }: a vote is open for { $hours } and passes when 51 % of all members say yes. Whoever gets the money { $abstains ->
        [yes] has no vote
       *[no] votes too
    }. An officer proposes another rule like this: rule interest 3
rule-name = { $rule ->
        [interest] the interest on loans
        [method] how interest is counted
        [period] how instalments are counted
        [term] the longest loan
        [limit] the most one may borrow, in own savings
        [guarantors] the guarantors of a loan
        [grace] the days of grace
        [penalty] the penalty for being late
        [penalty_of] what the penalty is a part of
        [rounding] the rounding of interest
        [multiple] what instalments are a multiple of
        [loans] the loans of one member at a time
        [overpayment] paying back more than is owed
        [vote] the time for a vote
        [abstain] whether whoever gets the money has no vote
        [fee] who pays the payment fee
        [largest_contribution] the largest contribution
        [largest_withdrawal] the largest withdrawal
        [reversal] what an officer may reverse, of the group's money
       *[members] the most members
    }
rule-value = { $unit ->
        [percent] { $value } %
        [times] { $value } times
        [days] { $count ->
            [one] 1 day
           *[other] { $count } days
        }
        [hours] { $count ->
            [one] 1 hour
           *[other] { $count } hours
        }
        [number] { $value }
       *[word] { $value ->
            [none] no limit
            [off] not at all
            [yes] yes
            [no] no
            [flat] on the whole loan (flat)
            [declining_equal] on what is owed, equal instalments
            [declining_principal] on what is owed, equal principal
            [weekly] by the week
            [monthly] by the month
            [principal] the principal
            [instalment] the instalment
            [refuse] refused
            [savings] to the savings
            [group] the group
           *[payer] the member
        }
    }
rule-may = { $rule ->
        [interest] The interest for one period is a percentage from 0 to 100, for example: rule interest 2.5
        [method] Interest is counted in one of three ways. Write: rule method flat, rule method equal, or rule method principal
        [period] Instalments are weekly or monthly. Write for example: rule period weekly
        [term] The longest loan is a number of instalments from 1 to 520, for example: rule term 6
        [limit] Members may borrow up to 1 to 100 times their own savings, for example: rule limit 2
        [guarantors] A loan may need 0 to 10 guarantors, for example: rule guarantors 2
        [grace] There may be 0 to 60 days of grace, for example: rule grace 5
        [penalty] The penalty is a percentage from 0 to 100, for example: rule penalty 1.5
        [penalty_of] The penalty is a part of the principal or of the instalment. Write for example: rule penalty of instalment
        [rounding] Interest is rounded to an amount, for example: rule rounding 10 or: rule rounding none
        [multiple] Instalments can be multiples of an amount, for example: rule multiple 50 or: rule multiple none
        [loans] One member may have 1 to 20 loans at a time, for example: rule loans 2
        [overpayment] Paying more than is owed is refused or goes to the savings. Write: rule overpayment refuse or: rule overpayment savings
        [vote] A vote is open for 1 hour to 14 days, for example: rule vote 48 or: rule vote 2 days
        [abstain] Has whoever gets the money no vote? Write: rule abstain yes or: rule abstain no
        [fee] The payment fee is paid by the group or by the member. Write: rule fee group or: rule fee member
        [largest_contribution] Write an amount or none, for example: rule largest contribution 50000
        [largest_withdrawal] Write an amount or none, for example: rule largest withdrawal 20000
        [reversal] An officer may reverse mistakes of 0 to 100 % of the group's money, for example: rule reversal 5
       *[members] The group may have 1 to 500 members, for example: rule members 40
    }
rule-which =
    Which rule? Write for example: rule interest 3

    Rules are: interest, method, period, term, limit, guarantors, loans, grace, penalty, penalty of, rounding, multiple, overpayment, vote, abstain, fee, largest contribution, largest withdrawal, reversal, members
    .sms = Which rule? For example: rule interest 3. There are: interest, method, period, term, limit, guarantors, loans, grace, penalty, penalty of, rounding, multiple, overpayment, vote, abstain, fee, largest contribution, largest withdrawal, reversal, members
rule-shown = Now: { $rule } - { $value }. An officer proposes a change by writing the new value behind: rule { $word }
rule-confirm = Ask { $group } to change { $rule }: now { $was }, then { $becomes }?
rule-same = That is so already: { $rule } - { $value }. Nothing has to change.
rule-open = The group votes about { $rule } already. Please wait until that vote is over. Write vote to see it.
vote-rule = { $name } asks to change { $rule }: now { $was }, then { $becomes }.
short-rule = { $rule }: { $becomes }

## Offices

role-how = Who, and which office? Write for example: make Baraka treasurer. There are chair, treasurer, secretary and member.
role-confirm = Ask { $group } to make { $payee } { $role ->
        [chair] its chair
        [treasurer] its treasurer
        [secretary] its secretary
       *[member] a member without an office
    }?{ $holder ->
        [none] { "" }
       *[other] { " " }{ $holder } then has no office any more.
    }
role-same = { $payee } is { $role ->
        [chair] the chair
        [treasurer] the treasurer
        [secretary] the secretary
       *[member] a member without an office
    } already.
role-last-chair = { $payee } is the only chair of { $group }, and a group always has one. First make somebody else chair, for example: make Baraka chair
role-open = { $group } votes about that already. Please wait until that vote is over. Write vote to see it.
vote-role = { $name } proposes that { $payee } becomes { $role ->
        [chair] chair
        [treasurer] treasurer
        [secretary] secretary
       *[member] a member without an office
    }{ $holder ->
        [none] .
       *[other] , in place of { $holder }.
    }
short-role = { $payee } as { $role ->
        [chair] chair
        [treasurer] treasurer
        [secretary] secretary
       *[member] a member without an office
    }
no-such-member = { $name } is no member of { $group }. Write members to see who is in it.
which-member = Which { $name } do you mean: { $list }? Please write the whole name.

## Members who go

remove-how = Who should go, and why? Everybody who votes will read it. Write for example: remove Baraka because he has moved away
remove-why = Why should { $payee } go? Everybody who votes will read it. For example: has moved away
remove-self = To leave { $group } yourself, write: leave
remove-confirm = { $gone ->
        [yes] { $payee } is no member any more. Ask { $group } to pay out what is still theirs ({ $reason })?
       *[no] Ask { $group } to end the membership of { $payee } ({ $reason })?
    }{ $amount ->
        [none] { "" }
       *[other] { " " }Their savings are theirs: { $amount } is paid { $account ->
            [cash] in cash
           *[other] to { $account }
        }.
    }
remove-open = { $group } votes about { $payee } already. Please wait until that vote is over. Write vote to see it.
remove-last_chair = { $payee } is the only chair of { $group }, and a group always has one. First make somebody else chair, for example: make Ama chair
remove-stands_for_others = { $payee } stands for the loan of another member, so they cannot go before that loan is paid back.
remove-money_under_way = Money for { $payee } is on its way or waits in the box. Please try again when they have it.
remove-still_owes = { $payee } has something to settle with { $group } before they can go. Please talk to { $payee } first.
remove-no_account = First { $payee } needs a place for their savings. { $payee } writes: payout account { $example }
remove-no_money = { $group } has not enough free money now to pay { $payee } their savings. Please try again when more is paid in.
remove-money_elsewhere = The money of { $group } lies where the savings of { $payee } cannot be paid from. We have been told and move it. Please try again tomorrow.
remove-gone-reason = the rest of their savings
remove-gone-nothing = { $payee } is no member of { $group } any more, and the { $amount } that are still theirs are too little to be sent.
remove-gone-no_account = { $payee } is no member any more. { $amount } are still theirs, but there is no account to send them to, and the box has not that much. Try again when it has.
remove-gone-money_elsewhere = { $payee } is no member any more. { $amount } are still theirs, but lie where they cannot be paid from. We have been told and move them. Please try again tomorrow.
vote-removal = { $gone ->
        [yes] { $name } asks to pay { $payee }, who is no member any more: { $reason }.
       *[no] { $name } asks to end the membership of { $payee }: { $reason }.
    }{ $amount ->
        [none] { "" }
       *[other] { " " }Their savings of { $amount } are paid { $account ->
            [cash] in cash
           *[other] to { $account }
        }.
    }
    .sms = { $gone ->
        [yes] { $name } asks to pay { $payee }, who is no member any more: { $reason }.
       *[no] { $name } asks that { $payee } leaves: { $reason }.
    }{ $amount ->
        [none] { "" }
       *[other] { " " }Savings: { $amount } { $account ->
            [cash] in cash
           *[other] to { $account }
        }.
    }
short-removal = { $gone ->
        [yes] paying { $payee }, who is no member any more
       *[no] ending the membership of { $payee }
    }
leave-confirm = Leave { $group }?{ $amount ->
        [none] { "" }
       *[other] { " " }Your { $amount } would be paid { $account ->
            [cash] in cash
           *[other] to { $account }
        }{ $fee ->
            [none] { "" }
           *[other] { " " }(fee { $fee })
        }. The group votes about it; you stay a member until you have the money.
    }
leave-reason = leaving the group
leave-last_chair = You are the only chair of { $group }. First hand over, for example: make Baraka chair
leave-stands_for_others = You stand for the loan of another member of { $group }. You can leave when that loan is paid back.
leave-money_under_way = Money of { $group } for you is being voted about or is on its way. You can leave when that is over. Write vote to see votes.
leave-still_owes = You owe { $group } more than you have saved. Pay the rest back first, then you can leave. Write loan to see what you owe.
leave-no_account = First tell me where your savings should go. Write: payout account { $example }
leave-no_money = { $group } has not enough free money now to pay you your savings. Please try again when more is paid in.
leave-money_elsewhere = The money of { $group } lies where your savings cannot be paid from now. It is safe. We have been told and move it. Please try again tomorrow.
left = You have left { $group }. Thank you for saving together. To come back, write join and its code.
nobody-may-vote = By your rules whoever gets the money has no vote, and nobody else could vote. Propose first: rule abstain no
gone-left = You have left { $group }. Thank you for saving together.{ $own ->
        [none] { "" }
       *[other] { " " }{ $own } stays yours in its book.
    } To come back, write join and its code.
join-removed = { $group } has voted that you are no longer a member. To come back, ask an officer of { $group } to invite you again.
invited-removed = { $group } has voted that { $phone } is no longer a member. Only an officer can invite them again.
invited-again = We have told { $phone } that they may come back. They join with: join { $code }
gone-removed = { $group } has voted that you are no longer a member.{ $own ->
        [none] { "" }
       *[other] { " " }Your savings of { $own } stay yours: what the vote named is paid to you.
    } If that looks wrong to you, talk to its officers.
member-left = { $name } has left { $group }. { $count ->
        [one] One member is
       *[other] { $count } members are
    } in it now.
