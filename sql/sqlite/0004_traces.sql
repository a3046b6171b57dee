-- The trace (W3C Trace Context) of the call that made a payment, and of one that asked for a delivery again: NULL there
-- means the payment's, NULL in both none. "<trace id>-<flags>", and after a space the tracestate. The same names stand
-- in sql/mysql.
-- serves from: 3

ALTER TABLE payments ADD COLUMN trace_context TEXT;
ALTER TABLE webhook_deliveries ADD COLUMN trace_context TEXT;
