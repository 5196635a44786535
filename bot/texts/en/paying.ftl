# Paying in, by whatever a phone can do. Read each one aloud.

## What it costs and what to do now

pay =
    { $lead }
    { $price }
    { $how }
    .sms = { $lead } { $price } { $how }
pay-lead = {"*"}{ $group }*: you save { $amount }.
    .sms = { $group }: you save { $amount }.
repay-lead =
    {"*"}{ $group }*: you pay back { $amount } ({ $parts }).{ $surplus ->
        [none] { "" }
       *[other] { " " }{ $surplus } of it is more than you owe and goes to your savings.
    }{ $settles ->
        [yes] { " " }With it your loan is paid back.
       *[no] { "" }
    }
    .sms = { $group }: you pay back { $amount } ({ $parts }).{ $surplus ->
        [none] { "" }
       *[other] { " " }{ $surplus } goes to your savings.
    }{ $settles ->
        [yes] { " " }Then it is paid back.
       *[no] { "" }
    }
pay-price = { $extra ->
        [yes] With the payment fee of { $fee } you pay { $gross }.
       *[no] You pay { $gross }.
    }
    .sms = { $extra ->
        [yes] With the fee of { $fee } you pay { $gross }.
       *[no] You pay { $gross }.
    }
pay-by-link = Pay here: { $link }
pay-by-mobile_money = { $wallet } asks for your PIN on this phone now.
pay-by-mobile_money-again = { $wallet } has asked for your PIN on this phone. Nothing there? Write again in 3 minutes.
pay-by-voucher = Dial { $dial } for a { $wallet } voucher, then send it to me like this: voucher 123456
pay-by-ussd = I fetch a code to dial for { $wallet }. It comes in a moment.
pay-by-bank_transfer = I ask for an account number to pay into. It comes in a moment.
charge-started = { $group }: { $task }. Then the receipt for { $amount } follows.
charge-again = { $group } still waits for it: { $task }. Then the receipt follows.
how-to-dial = dial { $dial } on this phone to pay { $gross }
how-to-transfer = pay exactly { $gross } into { $bank } { $digits }{ $holder ->
        [none] { "" }
       *[other] { " " }({ $holder })
    }, in one transfer{ $until ->
        [none] { "" }
       *[other] , by { $until }
    }

## Vouchers

voucher-taken = Thank you. I give the voucher to { $wallet } for your { $amount } to { $group }. I tell you what comes of it.
voucher-unreadable = I could not read that voucher. Dial { $dial } and send me its figures, for example: voucher 123456. To stop, write 0.
voucher-too-soon = I am still asking for your payment. Please send me the voucher once more in a minute.
voucher-not-needed = No payment of yours waits for a voucher. To save, write for example: contribute 500
otp-asked = { $group }: { $wallet } wants a code from you for your { $amount }. { $dial ->
        [none] It came to this phone.
       *[other] Dial { $dial } to get one.
    } Send it to me like this: voucher 123456
otp-refused = { $group }: { $wallet } did not take that voucher, so nothing was paid. { $dial ->
        [none] Please look at it again and send it
       *[other] Dial { $dial } for a new one and send it
    } to me: voucher 123456

## What did not work

payment-failed = Your { $kind ->
        [repayment] repayment
       *[other] payment
    } of { $amount } to { $group } did not go through{ $why ->
        [late] : it was not approved on the phone in time
        [unreachable] : no payment service could be reached
        [declined] : it was declined
       *[other] { "" }
    }. Nothing was taken. To try again, write: { $command } { $plain }{ $other ->
        [none] { "" }
       *[other] . Or: { $command } { $plain } by { $other }
    }
payment-closed = Your { $kind ->
        [repayment] repayment
       *[other] contribution
    } of { $amount } to { $group } was not paid, so it is closed. To start again, write: { $command } { $plain }
no-way-to-pay = From this phone you cannot pay { $amount } without the internet. Give it in cash to { $officer }, who writes: cash { $plain } from { $name }{ $loan ->
        [yes] { " " }for loan
       *[no] { "" }
    }. With internet: { $command } { $plain } by link
no-way-to-pay-alone = From this phone you cannot pay { $amount } without the internet. For a link that opens on any phone with internet, write: { $command } { $plain } by link
pay-in-cash = Give the { $amount } to { $officer }, who writes: cash { $plain } from { $name }{ $loan ->
        [yes] { " " }for loan
       *[no] { "" }
    }. Then I ask you whether that is right, and it counts.

## How somebody pays

pay-by =
    How do you want to pay { $group }?
    { $list }
    Reply with the number.
pay-by-kept = From now on you pay by { $called }.{ $word ->
        [none] { "" }
       *[other] { " " }Another way just once? Write for example: contribute 500 by { $word }
    }
way-checkout = link, with internet
way-mobile_money = { $wallet }, with your PIN
way-ussd = { $wallet } code
way-bank_transfer = bank transfer
way-standing_account = your own account number
way-unknown = I do not know that way to pay here. You can pay by: { $list }. For example: contribute 500 by link
way-which-bank = Which bank? I have codes for { $list }. Write for example: pay by { $word }
way-own-phone = I can ask for a PIN only on your own phone, with a number of the group's country. You can pay by: { $list }
way-account-saves = What comes into your own account number becomes savings, so a loan is paid back another way: { $list }
account-number =
    {"*"}Your account number for { $group }*: { $bank } { $digits }{ $holder ->
        [none] { "" }
       *[other] { " " }({ $holder })
    }
    Whatever is paid in there, from any bank, becomes your savings{ $bearer ->
        [payer] , less the payment fee
       *[group] { "" }
    }. Keep it: it stays yours.
    .sms = Your account for { $group }: { $bank } { $digits }{ $holder ->
        [none] { "" }
       *[other] { " " }({ $holder })
    }. Whatever is paid in there, from any bank, becomes your savings{ $bearer ->
        [payer] , less the fee
       *[group] { "" }
    }.
account-number-asked = I ask for an account number of your own in { $group }. It comes soon.
account-number-not-here = There are no account numbers of one's own for { $group } yet. To see how you can pay, write: pay by
account-number-refused = { $group }: the bank opens no account number for you at the moment. Nothing is lost: write contribute 500 to save as before, or pay by for other ways.

prompts-too-many = I asked your phone for a PIN several times and nothing was paid. Please wait ten minutes. Or pay from a phone with internet: { $example }
payment-given-back = What you paid to { $group } was not what was asked for, so it was given back to you. Nothing was added. To pay, write: { $command } { $plain }
