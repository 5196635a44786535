# Read each one aloud. Short, warm, concrete: what happened, what it means, what to do next.
# A line cannot start with a bare star (Fluent reads it as a variant), so bold there is written {"*"}.
# `.sms` is for phones that pay per segment: one segment (160 GSM-7 characters) wherever it can be.

## First words

welcome =
    Hello! I am *GroupWallet*, the wallet of savings groups.
    I keep your group's book, so that everyone can see it.

    What is your name?
    .sms = Hello! I am GroupWallet. I keep your savings group's book, open to every member. What is your name?
welcome-invited =
    Hello! { $inviter } invited you to save with *{ $group }*.
    I am *GroupWallet* and keep the group's book, so that everyone can see it.

    What is your name?
    .sms = Hello! { $inviter } invited you to { $group }. I am GroupWallet and keep the group's book. What is your name?
name-unreadable = Please write only your name, for example: Amina
name-saved = Thank you, { $name }.
name-saved-no-group =
    Thank you, { $name }!

    Start a group: *create Umoja*
    Join one: *join* and its code
    .sms = Thank you, { $name }! To start a group, write: create Umoja. To join one, write: join and its code
name-saved-invited = Thank you, { $name }! To join { $group }, write: join { $code }
greeting = Hello { $name }! { $group }: write *contribute 5000* to save, *balance* to see the money, *menu* for more.
    .sms = Hello { $name }! { $group }: write contribute 5000 to save, balance to see the money, menu for more.
greeting-no-group = Hello { $name }! Start a group with *create Umoja*, or join one: *join* and its code.
    .sms = Hello { $name }! To start a group, write: create Umoja. To join one, write: join and its code
help =
    {"*"}What I can do*
    {"*"}contribute 5000* – save money
    {"*"}balance* – your money and the group's
    {"*"}withdraw 5000 for school fees* – ask the group for money
    {"*"}borrow 5000 for 3 months* – ask the group for a loan
    {"*"}loan* – what you owe, and when
    {"*"}repay 500* – pay a loan back
    {"*"}vote* – what the group votes about
    {"*"}payout account* – where your money goes
    {"*"}pay by* – how you pay: on your phone, by bank, by link
    {"*"}history* – your last payments
    {"*"}statement* – what came and went, as a paper too
    {"*"}receipt 12* – one receipt
    {"*"}seal* – the code that proves the book
    {"*"}rules* – what your group has agreed
    {"*"}members* – who is in the group
    {"*"}invite 0712 345 678* – ask someone to join
    {"*"}code* – the group's code, link and QR picture
    {"*"}group* – choose another group
    {"*"}create Umoja* – start a group
    {"*"}join* and a code – join a group
    {"*"}leave* – leave the group with your savings
    {"*"}0* – stop a question
    .sms =
    contribute 5000
    withdraw 5000 for fees
    borrow 5000 for 3 months
    loan
    repay 500
    vote
    balance
    statement
    rules
    payout account
    pay by
    members
    invite 0712345678
    code
    seal
    group
    create Umoja
    join CODE
    0 stops a question
help-officers =
    { $help }

    {"*"}For officers*
    {"*"}rule interest 3* – propose a rule
    {"*"}make Baraka treasurer* – propose an office
    {"*"}cash 500 from Baraka* – write cash down
    {"*"}cash 500 to Baraka* – cash the group has decided
    {"*"}reverse R-12 wrong member* – take a mistake back
    {"*"}refund R-12 paid twice* – give a payment back
    {"*"}write off Baraka because …* – give a loan up
    {"*"}remove Baraka because …* – end a membership
    .sms = { $help }
thanks = You are welcome.

## Groups

ask-group-name = What is the name of your group? For example: Umoja
group-name-unreadable = Please write a name of 2 to 40 letters, for example: create Umoja
created =
    {"*"}{ $group }* is ready. It saves in { $currency } (to change: *currency NGN*).

    The code is *{ $code }*. Others write: join { $code }
    Or send them this link: { $link }
    .sms = { $group } is ready and saves in { $currency }. Others join with: join { $code }. Other currency? Write: currency NGN
code =
    {"*"}{ $group }*: others write: join { $code }
    Or send them this link: { $link }
    .sms = { $group }: others join by writing to this number: join { $code }
currency-changed-unsupported = { $group } now saves in { $currency }. Payments by link are not possible in { $currency } yet.
currency-changed = { $group } now saves in { $currency }.
currency-ask = { $group } saves in { $currency }. To change it, write for example: currency NGN
currency-unknown = I do not know that currency. Write its three letters, for example: currency KES
currency-fixed = { $group } already has payments or pay links in { $currency }, so the currency stays.
only-officers = Only an officer of { $group } can do that. Ask { $officers }.
ask-code = Which code? It looks like this: UMOJA-7K3M9Q. Ask the person who invited you.
unknown-code = No group has this code. Please check it with the person who invited you. It looks like this: UMOJA-7K3M9Q
too-many-codes = Those were too many wrong codes. Please ask for the right one and try again tomorrow.
joined =
    Welcome to *{ $group }*, { $name }! You are member number { $count }.
    To save, write for example: *contribute 5000*
    .sms = Welcome to { $group }, { $name }! You are member number { $count }. To save, write for example: contribute 5000
joined-note = { $name } joined { $group }. The group now has { $count } members.
already-member = You are already a member of { $group }. Write balance to see its money.
group-full = { $group } is full: it takes { $limit } members. Please talk to its chair.
no-group = You are not in a group yet. To start one, write: create Umoja. To join one, write: join and its code
which-group = Which group?
    { $list }
    Reply with the number.
group-chosen = From now on you talk about { $group }. To change it, write: group
group-only-one = You are in one group: { $group }.
members = { $group }, { $count ->
    [one] 1 member
   *[other] { $count } members
    }: { $list }
members-more = { $list } and { $more } more

## Invitations

ask-phone = Whose number? Write it like this: invite 0712 345 678
phone-unreadable = I could not read that phone number. Write it with its country code, for example: invite +254 712 345 678
invitation = { $inviter } invites you to save with { $group } on GroupWallet. Reply: join { $code } or on WhatsApp: { $link }
invited = We sent an invitation to { $phone } by SMS. You can also send them this link: { $link }
    .sms = We sent an invitation to { $phone }. They join with: join { $code }
invited-opted-out = { $phone } takes no messages from us. You can pass on the code yourself: join { $code }
invited-before = { $phone } was invited before. They join with: join { $code }
invited-too-many = That is enough invitations by SMS for one day. You can still pass on the code: join { $code }
invited-member = { $phone } is already a member of { $group }.

## Contributions

ask-amount = How much do you want to save with { $group }? For example: 5000
confirm-contribute = Did you mean: contribute { $amount } to { $group }? Reply 1 for yes, 2 for no.
confirm-again = Please reply 1 for yes, 2 for no, or 0 to stop.
confirm-no = All right, nothing was done. Write menu to see what I can do.
did-you-mean = Did you mean: { $command }? Please write it again, for example: { $example }
amount-missing = How much? Write it in figures, for example: { $example }
amount-unreadable = I could not read the amount. Please write it in figures, for example: { $example }
amount-ambiguous = I am not sure about that amount. Please write it without dots or spaces, for example: { $example }
amount-not_positive = The amount must be more than zero, for example: { $example }
amount-too_fine = { $currency } has no cents. Please write a whole amount, for example: { $example }
amount-whole = Phones send whole amounts of { $currency } only. Please write the amount without cents, for example: { $example }
amount-other_currency = { $group } saves in { $currency }. Please write the amount in { $currency }, for example: { $example }
amount-too_large = That amount is too large. Please write a smaller one, for example: { $example }
amount-above-limit = You can pay at most { $limit } at once. Please write a smaller amount.
amount-below-minimum = The smallest payment is { $limit }. Please write a larger amount.
payments-unsupported = Payments in { $currency } are not possible yet. { $group } can change its currency as long as it is empty: currency KES
receipt =
    {"*"}Receipt { $number }*
    { $amount } received for { $group }. Thank you, { $name }!

    Your savings: *{ $own }*
    The group: *{ $total }*
    Seal of the book: *{ $seal }*
    .sms = Receipt { $number }: { $amount } for { $group }. You have { $own }, the group has { $total }. Seal { $seal }. Thank you, { $name }!
officer-note = { $name } contributed { $amount } to { $group }. The group now has { $total }.
payment-held = A payment for { $group } needs a check. A person is checking it with the payment service. Nothing is lost.
paid-hint = Thank you. I count it when the payment service tells me that it came; then you get a receipt. Not there yet: { $open }. Write history to see it.
paid-hint-none = No payment of yours is under way. Write history to see what came, or contribute 5000 to pay.

## Looking

balance =
    {"*"}{ $group }*
    Your savings: *{ $own }*
    The group: *{ $total }*
    .sms = { $group }: you have { $own }, the group has { $total }.
balance-open = { $balance }
    Not paid yet: { $open }
    .sms = { $balance } Not paid yet: { $open }.
history = { $group }, your last payments:
    { $lines }
history-none = { $group }: no payments yet. To save, write for example: contribute 5000
history-line = { $date } { $amount }{ $kind ->
        [withdrawal] { " " }withdrawal
        [cash_out] { " " }withdrawal in cash
        [cash_in] { " " }in cash
        [loan_disbursement] { " " }loan
        [repayment] { " " }repayment
        [transfer] { " " }repayment from savings
        [interest] { " " }interest
        [penalty] { " " }penalty
        [loan_fee] { " " }loan fee
        [guarantee] { " " }as guarantee
        [write_off] { " " }written off
        [refund] { " " }given back
        [chargeback] { " " }taken back
        [reversal] { " " }correction
       *[other] { "" }
    }{ $state ->
        [completed] { " " }R-{ $number }
        [reversed] { " " }R-{ $number } (reversed)
        [failed] , did not go through
        [expired] { $kind ->
            [contribution] , closed, not paid
           *[other] , closed
        }
        [cancelled] { $kind ->
            [guarantee] , over
           *[other] , cancelled
        }
       *[open] { $kind ->
            [withdrawal] , on its way
            [loan_disbursement] , on its way
            [cash_out] , not handed over yet
            [cash_in] , not confirmed yet
            [guarantee] , held
            [refund] , on its way
            [chargeback] , kept aside until it is decided
           *[other] { $state ->
                [processing] , under way
               *[pending] , not paid yet
            }
        }
    }

## Statements and receipts

statement =
    {"*"}{ $group }*, { $whose ->
        [group] the group's money
       *[own] your savings
    }, { $since } to { $until }:
    before: { $opening }
    { $lines }
    after: *{ $closing }*
    .sms = { $group }, { $whose ->
        [group] the group's money
       *[own] your savings
    } since { $since }:
    { $lines }
    { $until }: { $closing }
statement-line = { $date } { $amount } R-{ $number }{ $named ->
        [yes] { " " }{ $name }
       *[no] { "" }
    }{ $reversed ->
        [yes] { " " }(reversed)
       *[no] { "" }
    }
statement-empty = no movements
period-unreadable = Which time? Write for example: statement october, statement 2026-10, or statement 1 oct to 15 oct
papers-follow =
    { $words }

    The paper (PDF) and a picture follow in a moment.
paper-follows =
    { $words }
    The paper (PDF) follows in a moment.
statement-paper = { $group }: the statement of { $whose ->
        [group] the whole group
       *[own] { $name }
    }, { $first } to { $last }. At the end: { $amount }.
paper-too-long = That is too long for one paper. Please ask for a shorter time, for example: statement october
receipt-paper = { $group }: receipt { $number }, { $amount }, { $first }.
chart-paper = { $group }: the savings as a picture. Together: { $amount }.
receipt-found = { $group }, receipt { $number }: { $amount } on { $date } { $kind ->
        [contribution] saved by { $name }
        [withdrawal] paid out to { $name }
        [cash_in] cash from { $name }
        [cash_out] cash to { $name }
        [refund] given back to { $name }
        [chargeback] taken back of { $name }
        [reversal] correction for { $name }
        [loan_disbursement] loan to { $name }
        [repayment] paid back by { $name }
        [transfer] paid back from savings by { $name }
        [interest] interest of { $name }
        [penalty] penalty of { $name }
        [loan_fee] loan fee of { $name }
        [guarantee] paid as guarantor by { $name }
        [write_off] written off for { $name }
       *[other] { $name }
    }. Seal { $seal }.{ $undone ->
        [no] { "" }
       *[other] { " " }It no longer counts: { $undone } took it back.
    }
receipt-of-a-loan = { $group }, receipt { $number } is about another member's loan. Only that member and the officers can see it.
receipt-unreadable = Which receipt? Write its number, for example: receipt 12
receipt-unknown = { $group } has no receipt { $number }. Write history to see your receipts.
receipts-none = { $group } has no receipts yet. To save, write for example: contribute 5000

## The seal

seal =
    The seal of *{ $group }* is now *{ $seal }* (line { $line } of the book).
    Keep it. Later write *check { $seal }*: I tell you whether anybody has changed what came before.
    .sms = { $group }: the seal is now { $seal } (line { $line }). Keep it. Later write: check { $seal } - and I tell you whether anything before was changed.
ask-seal = Which seal? It stands in your receipts and looks like this: 9F3A-22C1
seal-unreadable = I could not read that seal. It has eight figures and letters from A to F, for example: check 9F3A-22C1
seal-found = Yes. The seal { $seal } stands in the book of { $group }: line { $line } of { $last }, { $date }{ $number ->
        [none] { "" }
       *[other] , receipt { $number }
    }. Nothing before it was changed.
seal-broken = Careful: the seal { $seal } stands in the book of { $group } (line { $line }), but lines before it were changed. Show this message to the other members.
seal-unknown = No. The seal { $seal } does not stand in the book of { $group }. Check each figure. If it is right, the book was changed: keep the message you have it from, and talk to the other members.
weekly-seal =
    {"*"}{ $group }* this week: { $came } came in{ $out ->
        [yes] , { $went } went out
       *[no] { "" }
    }. The group has *{ $total }*.
    Seal of the book: *{ $seal }* (line { $line }). Keep this message.
    .sms = { $group } this week: { $came } in{ $out ->
        [yes] , { $went } out
       *[no] { "" }
    }. The group has { $total }. Seal { $seal } (line { $line }). Keep this message.

## Mistakes

reverse-how = Which receipt, and why? Write for example: reverse R-12 wrong member
reverse-why = Please say why, since everybody will read it. For example: reverse R-{ $number } wrong member
reverse-only-officers = Only an officer of { $group } can reverse a receipt.
reverse-confirm = Reverse R-{ $number }, { $amount } of { $name }? Everybody will read: { $reason }.{ $limit ->
        [none] { "" }
       *[other] { " " }It is above { $limit }, so the group votes about it.
    }
reverse-unknown_receipt = There is no receipt R-{ $number }. Write statement group to see them.
reverse-already_reversed = R-{ $number } was reversed before.
reverse-not_reversible = R-{ $number } cannot be reversed. Officers reverse cash that was written down wrongly, not what went through the payment service, a loan, another reversal or what the group has voted. To give a payment back, write: refund R-{ $number } and why
reverse-insufficient_funds = R-{ $number } cannot be reversed: its money has been used since.
reverse-transaction_closed = R-{ $number } cannot be reversed any more.
reversed = Done: R-{ $number } is reversed by R-{ $new }. All members are told, with your reason. Seal { $seal }.
reversed-note = { $officer } reversed receipt { $number } of { $name } ({ $amount }) in { $group }. Reason: { $reason }. Seal { $seal }.

## When something is not clear

not-understood = Sorry, I did not understand that. Write menu to see what I can do.
too-long = That message is too long for me. Please write one short request, for example: contribute 5000
media = I can only read text. Please write what you want, for example: contribute 5000
empty = Your message was empty. Write menu to see what I can do.
cancelled = All right, nothing was done. Write menu to see what I can do.
nothing-to-cancel = There is nothing to stop. Write menu to see what I can do.
opted-out = You will get no more messages from GroupWallet here. Your money and your group stay as they are. To come back, write: start
opted-in = Welcome back, you get messages again. Write menu to see what I can do.
