"""Names and numbers that several apps share."""

QUEUE_ORDERS = "orders"
QUEUE_MAILS = "mails"
QUEUE_REPORTS = "reports"

TASK_STOCK_ALERTS = "catalogue.tasks.send_stock_alerts"
TASK_REBUILD_INDEX = "catalogue.rebuild_index"
TASK_DAILY_SALES = "reports.tasks.daily_sale"

IMPORT_SOFT_LIMIT = 15 * 60

CURRENCIES = ["EUR", "USD", "GBP"]
ACCOUNTING_ADDRESS = "accounting@shop.example"
