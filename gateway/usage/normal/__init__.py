"""Makes what a solution said fit to be sent: codes, times, addresses, amounts, users."""
