# What is printed, passed on and shown to others: statements, receipts, charts. They are read without the chat around
# them, so each says on its own what it is.

document-kind = { $kind ->
    [contribution] Contribution
    [withdrawal] Withdrawal
    [payout] Payout
    [fee] Payment fee
    [loan_disbursement] Loan paid out
    [repayment] Loan repayment
    [interest] Loan interest
    [penalty] Penalty
    [loan_fee] Loan fee
    [refund] Refund
    [chargeback] Payment taken back
    [reversal] Correction
    [cash_in] Cash received
    [cash_out] Cash paid out
    [banking] Cash taken to the bank
    [social_fund] Social fund
    [transfer] Transfer
    [guarantee] Guarantee for a loan
    [share_out] Share-out
    [write_off] Loan written off
   *[other] Other movement
    }
document-receipt-number = R-{ $number }
document-issued = Issued { $date }
document-page = Page { $page } of { $pages }

## Statements

document-statement = Statement
document-statement-title = { $group }: statement, { $period }
document-whole-group = Statement of the whole group
document-member = Statement of { $name }
document-period = { $from } to { $until }
document-amounts-in = All amounts in { $currency }
document-opening = Opening balance
document-closing = Closing balance
document-in = Money in
document-out = Money out
document-date = Date
document-what = What
document-who = Who
document-receipt = Receipt
document-balance = Balance
document-no-movements = No money came in or went out in this time.
document-what-with = { $what } – { $who }
document-members = Savings of each member
document-members-sum = All members together

## Receipts

document-receipt-title = Receipt { $number }
document-receipt-full-title = { $group }: receipt { $number }
document-reversed = This receipt no longer counts. It was reversed by { $number }.
document-own-after = Own savings after it
document-group-after = The group's money after it
document-issued-on = Issued

## The seal

document-seal = Seal { $seal }
document-seal-meaning = The seal is a fingerprint of the group's whole book, up to line { $line } of it. If anybody changes one of these lines later, the seal no longer matches.
document-seal-check = To check it, scan the picture, or write this to GroupWallet:
document-seal-command = check { $seal }
document-seal-full = The seal in full: { $digits }

## Charts

document-chart-title = The group's money
document-chart-last = on { $date }
document-chart-members = Savings of each member, in { $currency }
document-chart-more = { $count ->
    [one] 1 more member
   *[other] { $count } more members
    }: { $amount }
document-chart-empty = No savings yet
