"""Actions of the vendor that a statement may name although no operation asks for them (yet).

Roles are often written once for a whole platform; a name that the vendor knows is no mistake.
"""

LATER = frozenset(
    {
        "create_batch",
        "create_indexes_table",
        "create_timeseries_table",
        "delete_batch",
        "delete_indexes_table",
        "delete_timeseries_table",
        "download_doc",
        "get_account_usage",
        "get_batch",
        "get_batches",
        "get_database",
        "get_database_access",
        "get_databases",
        "get_indexes_table",
        "get_indexes_tables",
        "get_log",
        "get_notifications_access",
        "get_timeseries_table",
        "get_timeseries_tables",
        "get_user_usage",
        "trace",
        "truncate_indexes_table",
        "truncate_timeseries_table",
        "update_batch",
        "update_database",
        "update_database_ip_access",
        "update_database_user_access",
        "update_indexes_table",
        "update_notifications_account_access",
        "update_timeseries_table",
        "webhook_confirm_subscription",
        "webhook_refresh_subscription",
        "webhook_subscribe",
        "webhook_unsubscribe",
    }
)
