-- Words of a search are understood one by one. As whole queries, one per language and joined by or, they failed where
-- languages meet: `-Zählerstände` excluded nothing, because only one language bends it to the form that is kept, and
-- `Müller Zählerstände` found nothing, because German bends both and a name is kept as it is.
set local lock_timeout = '5s';

-- A word or phrase in either language, or as it is; what has points in it also taken apart, as the addresses of messages
-- are: mustermann.de finds tom@mustermann.de. Null: too frequent in a language to say anything, or no word at all.
create function ticket_word_query(word text) returns tsquery
    language plpgsql immutable parallel safe as $$
declare
    german tsquery := websearch_to_tsquery('pg_catalog.german', word);
    english tsquery := websearch_to_tsquery('pg_catalog.english', word);
    simple tsquery := websearch_to_tsquery('pg_catalog.simple', word);
    any_of tsquery := german;
begin
    if numnode(german) = 0 or numnode(english) = 0 then
        return null;
    end if;
    -- Each form once: three times over it looks three times as frequent.
    if english <> german then
        any_of := any_of || english;
    end if;
    if simple <> german and simple <> english then
        any_of := any_of || simple;
    end if;
    if word ~ '[@._+-]' then
        any_of := any_of || phraseto_tsquery('pg_catalog.simple', translate(word, '@._+-', '     '));
    end if;
    return any_of;
end
$$;

-- Words, "phrases", or, -without.
create or replace function ticket_terms_query(q text) returns tsquery
    language plpgsql immutable parallel safe as $$
declare
    piece text;
    word tsquery;
    together tsquery;
    whole tsquery;
begin
    for piece in select match[1] from regexp_matches(q, '-*"[^"]*"?|[^\s"]+', 'g') as match loop
        if lower(piece) = 'or' then
            whole := coalesce(whole || together, together, whole);
            together := null;
            continue;
        end if;
        word := ticket_word_query(ltrim(piece, '-'));
        continue when word is null;
        if piece like '-%' then
            word := !! word;
        end if;
        together := coalesce(together && word, word);
    end loop;
    -- Nothing but frequent words: what one language calls frequent may be what the other looks for.
    return coalesce(whole || together, together, whole, websearch_to_tsquery('pg_catalog.german', q)
        || websearch_to_tsquery('pg_catalog.english', q) || websearch_to_tsquery('pg_catalog.simple', q));
end
$$;
