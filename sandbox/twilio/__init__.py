"""The stand-in of Twilio: its REST API, its status callbacks and its inbound webhooks."""
