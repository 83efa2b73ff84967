"""The drop-in listener: what a solution called the log service for, answered from the ledger."""
