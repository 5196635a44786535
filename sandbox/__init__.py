"""Everything a laptop lacks: stand-ins that speak the providers' protocols over HTTP, and phones to chat with.

The product never imports this package. The stand-ins know the product by its web address only; `books.py` and the
look-up of a payment's phone read its tables, so that the page can show the books beside the chat.
"""
