/* SPDX-License-Identifier: Apache-2.0 */
#include "libcni/inspect.h"
#include "libcni/table.h"

void inspect_print(const struct json *description)
{
	static const struct table_column links[TABLE_COLUMNS + 1] = {
		{ "INDEX", "index" },
		{ "LINK", "name" },
		{ "KIND", "kind" },
		{ "PARENT", "parent" },
		{ "MODE", "mode" },
		{ "MTU", "mtu" },
		{ "MAC/GUID", "mac", "guid" },
		{ "UP", "up" },
		{ "STATE", "state" },
		{ "ATTACHMENT", "attachments" },
	};
	static const struct table_column addresses[TABLE_COLUMNS + 1] = {
		{ "LINK", "link" },
		{ "ADDRESS", "address" },
		{ "SCOPE", "scope" },
		{ "FLAGS", "flags" },
	};
	static const struct table_column routes[TABLE_COLUMNS + 1] = {
		{ "TABLE", "table" },
		{ "TYPE", "type" },
		{ "DESTINATION", "dst" },
		{ "VIA", "via" },
		{ "SOURCE", "source" },
		{ "PROTOCOL", "protocol" },
		{ "SCOPE", "scope" },
		{ "PRIORITY", "priority" },
	};
	static const struct table_column rules[TABLE_COLUMNS + 1] = {
		{ "PRIORITY", "priority" },
		{ "FAMILY", "family" },
		{ "FROM", "from" },
		{ "TO", "to" },
		{ "IIF", "iif" },
		{ "OIF", "oif" },
		{ "MARK", "mark" },
		{ "ACTION", "action" },
		{ "TABLE", "table" },
	};

	table_print("Links", json_get(description, "links"), links);
	table_print("\nAddresses", json_get(description, "addresses"), addresses);
	table_print("\nRoutes", json_get(description, "routes"), routes);
	table_print("\nRules", json_get(description, "rules"), rules);
}
