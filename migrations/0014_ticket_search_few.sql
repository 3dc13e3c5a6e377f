-- How a page of a text search is found depends on how many messages have the words, which the planner cannot know: it
-- takes a look at a text for the price of a comparison, and would rather read 30,000 texts in the order of the page than
-- sort 900 tickets. So the few are looked up first; only words that many messages have are searched in order.
set local lock_timeout = '5s';

-- Tickets whose text has the words, in no order. Runs as the search does. An index of words finds them without a look at
-- any text, and that is the only way it may go.
create function search_ticket_hits(q text, most bigint) returns setof bigint
    language plpgsql stable rows 5000
    set enable_seqscan = off set enable_indexscan = off set max_parallel_workers_per_gather = 0 as $$
begin
    -- As text, so that the plan knows the words. Without a tenant it is null.
    return query execute coalesce(
        format('select ticket_id from ticket_content where tenant_id = %s and terms @@ %L::tsquery limit %s',
            current_tenant()::text, ticket_terms_query(q), most),
        'select null::bigint where false');
end
$$;
revoke execute on function search_ticket_hits from public;
grant execute on function search_ticket_hits to mind_search;

create or replace function search_ticket(q text, conditions jsonb, order_by text, descending boolean, past jsonb, skip bigint, take bigint)
    returns setof bigint
    language plpgsql stable security definer rows 50
    set search_path = public, pg_temp
    -- Many search at once; helpers of one search would take the processors from the others.
    set max_parallel_workers_per_gather = 0
    set enable_seqscan = off as $$
declare
    -- At a million messages, sorting that many costs what finding fifty among them in order does.
    few constant integer := 5000;
    found_ids bigint[];
    side text := case when descending then '<' else '>' end;
    -- The indexes of columns that always have a value are in the default order of nulls.
    direction text := case
        when order_by in ('id', 'created_at', 'last_message_at', 'status', 'priority', 'channel', 'direction', 'ai_support_level')
            then case when descending then 'desc' else 'asc' end
        when descending then 'desc nulls last' else 'asc nulls first' end;
    kind text := case
        when order_by in ('id', 'agent_id', 'responder_id') then 'bigint'
        when order_by in ('created_at', 'modified_at', 'last_message_at', 'last_customer_message_at', 'due_by',
                          'first_response_due_by', 'closed_at') then 'timestamptz'
        when order_by = 'priority' then 'integer'
        when order_by in ('status', 'channel', 'direction', 'contract_id', 'customer_id', 'ai_support_level', 'sentiment', 'language',
                          'language_code', 'from_norm', 'subject', 'external_ticket_id', 'spam_status') then 'text'
    end;
    key text := case when order_by = 'priority' then 't.priority_rank' else format('t.%I', order_by) end;
    statement text;
begin
    if kind is null then
        raise exception 'no such order: %', order_by;
    end if;
    if current_tenant() is null then
        return;
    end if;
    found_ids := array(select search_ticket_hits(q, few + 1));
    if cardinality(found_ids) <= few then
        statement := format('from ticket t where t.tenant_id = %s and t.id = any($1)', current_tenant())
            || coalesce((select string_agg(' and ' || search_ticket_condition(value), '') from jsonb_array_elements(conditions)), '');
    else
        statement := search_ticket_from(q, conditions);
    end if;
    if past is not null then
        statement := statement || case
            when past ->> 'value' is null then format(' and %s is null and t.id %s %L::bigint', key, side, past ->> 'id')
            else format(' and (%s, t.id) %s (%L::%s, %L::bigint)', key, side, past ->> 'value', kind, past ->> 'id') end;
    end if;
    return query execute format('select t.id %s order by %s %s, t.id %s offset %s limit %s',
        statement, key, direction, case when descending then 'desc' else 'asc' end, skip, take) using found_ids;
end
$$;

create or replace function search_ticket_count(q text, conditions jsonb, most bigint) returns bigint
    language plpgsql stable security definer
    set search_path = public, pg_temp
    set max_parallel_workers_per_gather = 0 as $$
declare
    counted bigint := 0;
begin
    if current_tenant() is null then
        return 0;
    elsif conditions = '[]' then
        return (select count(*) from search_ticket_hits(q, most));
    end if;
    execute format('select count(*) from (select %s limit %s) found', search_ticket_from(q, conditions), most) into counted;
    return counted;
end
$$;
