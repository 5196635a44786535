"""The stand-in of Flutterwave v3: its API, its hosted checkout page, its events, and the controls behind them.

Shapes follow Flutterwave/Node-v3 (documentation/*.md); where nothing is published, a comment says "assumed".
"""

from sandbox.flutterwave import api, checkout, controls, payouts_api
from sandbox.flutterwave.envelope import FlutterwaveError, error_answer
from sandbox.flutterwave.settling import FlutterwaveSettler

FLUTTERWAVE_BLUEPRINTS = tuple(module.blueprint for module in (api, payouts_api, checkout, controls))

__all__ = ["FLUTTERWAVE_BLUEPRINTS", "FlutterwaveError", "FlutterwaveSettler", "error_answer"]
