//! A configuration as a link: `key=value` pairs of a query string.
